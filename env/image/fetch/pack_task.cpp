// SPDX-License-Identifier: MIT
#include "env/image/fetch/pack_task.hpp"

#include "env/image/codec/byte_sink.hpp"
#include "env/image/codec/compress.hpp"
#include "env/image/fetch/root_task.hpp"
#include "env/image/fetch/worker_message.hpp"
#include "env/image/layer/normalize.hpp"
#include "env/image/layer/pack.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::uint64_t kReportEvery = 32U * 1024 * 1024;

class FileSink final : public ByteSink {
 public:
  explicit FileSink(int fd) : fd_(fd) {}
  Result<void> write(std::string_view bytes) override { return sys::write_all(fd_, bytes); }

 private:
  int fd_;
};

/// tar -> hash (the diff id) -> gzip -> hash (the blob's digest) -> file
struct Packed {
  PackResult result;
  Digest diff_id;
  Digest digest;
  std::uint64_t tar_bytes = 0;
};

Result<Packed> pack_compressed(int root, int output, const PackProgress& progress) {
  FileSink file(output);
  HashingSink blob(file);
  const auto gzip = make_gzip_sink(blob);
  HashingSink tar(*gzip);
  TRY_ASSIGN(PackResult result, pack_layer(root, tar, progress));
  TRY(gzip->finish());
  return Packed{std::move(result), tar.finish(), blob.finish(), tar.count()};
}

Result<Packed> pack_for_digest(int root, const PackProgress& progress) {
  HashingSink tar;
  TRY_ASSIGN(PackResult result, pack_layer(root, tar, progress));
  Digest digest = tar.finish();
  return Packed{std::move(result), digest, digest, tar.count()};
}

/// In the namespace.
Result<LayerOutcome> pack(const Context& context, const PackJob& job) {
  TRY_ASSIGN(const sys::UniqueFd root,
             sys::open_file(job.tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  std::vector<std::string> warnings;
  if (job.normalize) {
    TRY_ASSIGN(warnings, normalize_tree(root.get()));
  }
  std::uint64_t reported = 0;
  const auto progress = [&](std::uint64_t bytes) {
    if (bytes - reported >= kReportEvery) {
      reported = bytes;
      context.reporter.progress(job.id, "packing", bytes, 0, false);
    }
  };
  TRY_ASSIGN(Packed packed, job.compressed < 0
                                ? pack_for_digest(root.get(), progress)
                                : pack_compressed(root.get(), job.compressed, progress));
  if (reported > 0) {
    context.reporter.progress(job.id, "packed", packed.result.bytes, packed.result.bytes, true);
  }
  return LayerOutcome{.digest = std::move(packed.digest),
                      .diff_id = std::move(packed.diff_id),
                      .tar_bytes = packed.tar_bytes,
                      .unpacked = {.entries = packed.result.entries,
                                   .bytes = packed.result.bytes,
                                   .newest = packed.result.newest,
                                   .implicit_directories = {},
                                   .lower_hard_links = {},
                                   .warnings = std::move(warnings)},
                      .architecture = ""};
}

}  // namespace

Result<LayerOutcome> pack_as_root(const Context& context, const PackJob& job) {
  TRY_ASSIGN(sys::Pipe pipe, sys::make_pipe());
  TRY(run_as_root(context, [&]() -> Result<void> {
    TRY_ASSIGN(LayerOutcome outcome, pack(context, job));
    // A few hundred bytes: the pipe takes them before anybody reads.
    return sys::write_all(pipe.write_end.get(), encode_message(OutcomeMessage{std::move(outcome)}));
  }));
  pipe.write_end.reset();
  TRY_ASSIGN(const std::string bytes, sys::read_all(pipe.read_end.get()));
  MessageReader reader;
  reader.add(bytes);
  TRY_ASSIGN(auto message, reader.next());
  if (!message || !std::holds_alternative<OutcomeMessage>(*message)) {
    return fail(ErrorCode::failed, "the process that packed the layer said nothing");
  }
  return std::move(std::get<OutcomeMessage>(*message).outcome);
}

}  // namespace devenv::image::fetch

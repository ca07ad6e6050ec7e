// SPDX-License-Identifier: MIT
#include "env/image/fetch/workers.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/codec/read_ahead.hpp"
#include "env/image/fetch/confined.hpp"
#include "env/image/fetch/elf_architecture.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/image/fetch/spliced_source.hpp"
#include "env/image/fetch/worker_message.hpp"
#include "env/sys/confine.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"
#include "env/sys/tree.hpp"

namespace devenv::image::fetch {
namespace {

/// When a layer turns out to be malformed, the rest of it is read to see whether it is the layer
/// that was asked for at all; not when there is more left than this.
constexpr std::uint64_t kMaxReadForDigest = 256U * 1024 * 1024;

/// unpack_layer limits the files; this limits what comes between and after them.
constexpr std::uint64_t kTarOverhead = 1ULL << 30U;

void report(const WorkerEnds& ends, const Message& message) {
  // The foreman is gone if this fails, and we are about to be killed.
  (void)sys::write_all(ends.reports, encode_message(message));
}

int report_end(const WorkerEnds& ends,
               const Result<void>& result,
               const Download::Standing& standing = {}) {
  if (!result) {
    report(ends, FailureMessage{result.error()});
    return 1;
  }
  report(ends, DoneMessage{standing});
  return 0;
}

void become_worker(const WorkerEnds& ends, const std::string& name) {
  sys::die_with_parent(ends.foreman);
  sys::release_signals();
  sys::set_process_name(name);
}

/// Gathers the small pieces of a download into blocks and tells the unpacker about each.
class PartialWriter {
 public:
  PartialWriter(const WorkerEnds& ends, int partial, int announcements, std::uint64_t have)
      : ends_(ends), partial_(partial), announcements_(announcements), written_(have) {
    block_.reserve(kBlockSize);
  }

  Result<void> append(std::string_view bytes) {
    block_.append(bytes);
    return block_.size() >= kBlockSize ? flush() : Result<void>();
  }

  Result<void> flush() {
    TRY(sys::write_all(partial_, block_));
    written_ += block_.size();
    block_.clear();
    return announce();
  }

  Result<void> announce() {
    report(ends_, ProgressMessage{written_});
    return sys::write_all(announcements_,
                          {reinterpret_cast<const char*>(&written_), sizeof written_});
  }

 private:
  const WorkerEnds& ends_;
  int partial_;
  int announcements_;
  std::uint64_t written_;
  std::string block_;
};

Result<void> download(const WorkerEnds& ends, const LayerJob& job, int partial, int announcements) {
  TRY_ASSIGN(const struct stat info, sys::stat_fd(partial));
  auto have = static_cast<std::uint64_t>(info.st_size);
  if (have > job.size_bytes) {
    TRY(sys::truncate_file(partial, 0));
    have = 0;
  }
  TRY(sys::seek_to(partial, have));
  PartialWriter writer(ends, partial, announcements, have);
  TRY(writer.announce());
  const auto append = [&](std::string_view bytes) { return writer.append(bytes); };
  const auto downloaded = std::get<Downloaded>(job.bytes).from->run(have, append);
  // What came before a failure is kept for the next attempt.
  const auto flushed = writer.flush();
  TRY(downloaded);
  return flushed;
}

std::unique_ptr<ByteSource> open_source(const LayerJob& job, int input, int announcements) {
  if (std::holds_alternative<Downloaded>(job.bytes)) {
    return std::make_unique<GrowingFileSource>(input, announcements, job.size_bytes);
  }
  if (const auto* file = std::get_if<InFile>(&job.bytes)) {
    return std::make_unique<FileSource>(input, file->offset, job.size_bytes);
  }
  return std::make_unique<PipeSource>(input);
}

Error wrong_digest(const LayerJob& job, const Digest& found) {
  const Error error(ErrorCode::integrity, format("its bytes have digest {} instead of {}",
                                                 found.string(), job.digest->string()));
  return std::holds_alternative<Downloaded>(job.bytes)
             ? error.with_hint("try again; if it stays so, the registry's copy is damaged")
             : error;
}

/// Where the tree of a layer is made.
struct LayerPlace {
  sys::UniqueFd directory;
  sys::UniqueFd root;  ///< "fs" in it
};

Result<LayerPlace> open_place(const LayerJob& job) {
  LayerPlace place;
  TRY_ASSIGN(place.directory, sys::open_file(job.directory, O_RDONLY | O_DIRECTORY));
  TRY_ASSIGN(place.root,
             sys::open_at(place.directory.get(), "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return place;
}

/// Nothing but that layer is to be had from here, and the other layers to be read if need be, as
/// far as the kernel can see to it. `kept`: the descriptors that are needed.
Result<LayerPlace> confine(const LayerJob& job, const std::vector<int>& kept) {
  TRY(close_off(kept));
  std::vector<sys::VisibleDirectory> visible = {{.path = job.directory, .writable = true}};
  if (job.chunks) {
    visible.push_back({.path = job.layers_directory});
  }
  const auto view = sys::confine_view(visible);
  note_missing("a root of its own", view ? Result<bool>(true) : Result<bool>(fail(view.error())));
  TRY_ASSIGN(LayerPlace place, open_place(job));
  sys::UniqueFd layers;
  if (job.chunks) {
    if (auto opened = sys::open_file(job.layers_directory, O_PATH | O_DIRECTORY)) {
      layers = std::move(*opened);
    }
  }
  note_missing("Landlock", sys::confine_files(place.directory.get(), layers.get()));
  note_missing("seccomp", sys::confine_calls(sys::Paths::allowed));
  return place;
}

/// Also when an attempt that was killed has left something.
Result<void> make_place(const LayerJob& job) {
  TRY_ASSIGN(const sys::UniqueFd directory, sys::open_file(job.directory, O_RDONLY | O_DIRECTORY));
  TRY(sys::remove_tree(directory.get(), "fs"));
  return sys::make_directory_at(directory.get(), "fs", 0755);
}

/// What the bytes of a layer go through.
class Chain {
 public:
  Chain(const WorkerEnds& ends,
        const LayerJob& job,
        ByteSource& source,
        const UnpackLimits& limits,
        MemoryGate gate)
      : counted_(source, [&ends](std::uint64_t count) { report(ends, ProgressMessage{count}); }),
        packed_(counted_, job.size_bytes == 0 ? limits.max_bytes : job.size_bytes),
        chunks_(job.chunks.get()),
        limits_(limits),
        gate_(std::move(gate)) {}

  Result<LayerOutcome> unpack(int root) {
    if (chunks_ != nullptr) {
      decompressed_ =
          std::make_unique<SplicedSource>(packed_, chunks_->parts, limits_.max_ratio, gate_);
    } else {
      TRY_ASSIGN(decompressed_, decompress(packed_, limits_.max_ratio, gate_));
    }
    tar_.emplace(*decompressed_, 2 * limits_.max_bytes + kTarOverhead);
    TRY_ASSIGN(UnpackResult unpacked, unpack_layer(*tar_, root, limits_));
    TRY_ASSIGN(Digest diff_id, tar_->finish());
    TRY_ASSIGN(Digest digest, packed_.finish());
    return LayerOutcome{std::move(digest), std::move(diff_id), tar_->count(), std::move(unpacked),
                        ""};
  }

  /// Of the packed bytes, after a failure: nullopt when there are more than `limit` of them left.
  std::optional<Digest> digest_of_rest(std::uint64_t size, std::uint64_t limit) {
    if (tar_) {
      tar_->stop();
    }
    if (size - std::min(packed_.count(), size) > limit) {
      return std::nullopt;
    }
    const auto digest = packed_.finish();
    return digest ? std::optional<Digest>(*digest) : std::nullopt;
  }

 private:
  CountingSource counted_;
  HashingSource packed_;
  std::unique_ptr<ByteSource> decompressed_;
  std::optional<ReadAhead> tar_;
  const ChunkPlan* chunks_;
  const UnpackLimits& limits_;
  MemoryGate gate_;
};

/// Runs the chain and checks what has to be checked after the last byte. After a failure `as_asked`
/// is as in FailureMessage.
Result<LayerOutcome> unpack(const LayerJob& job, Chain& chain, int root, bool& as_asked) {
  auto outcome = chain.unpack(root);
  if (!outcome) {
    // Damaged on the way or malformed from the start: the digest tells.
    if (outcome.error().code() == ErrorCode::integrity && job.digest) {
      const auto digest = chain.digest_of_rest(job.size_bytes, kMaxReadForDigest);
      if (digest && *digest != *job.digest) {
        return fail(wrong_digest(job, *digest));
      }
      as_asked = digest.has_value();
    }
    return outcome;
  }
  if (job.digest && outcome->digest != *job.digest) {
    return fail(wrong_digest(job, outcome->digest));
  }
  if (job.diff_id && outcome->diff_id != *job.diff_id) {
    as_asked = job.digest.has_value();
    return fail(ErrorCode::integrity,
                format("its tar has digest {}, but the image's config says {}",
                       outcome->diff_id.string(), job.diff_id->string()));
  }
  outcome->architecture = architecture_of_tree(root);
  return outcome;
}

/// Whoever has the lock may be waiting for the network: then it is better to take more memory.
Result<void> wait_for_turn(int lock) {
  constexpr std::chrono::milliseconds kPause{50};
  constexpr int kTries = 600;
  for (int i = 0; i < kTries; ++i) {
    TRY_ASSIGN(const bool locked, sys::try_lock_open_file(lock));
    if (locked) {
      return {};
    }
    sys::sleep_for(kPause);
  }
  return {};
}

}  // namespace

Error explain_disk_error(const Error& error, const std::string& directory) {
  const int code = error.sys_errno();
  if (code != ENOSPC && code != EDQUOT) {
    return error;
  }
  return error.with_hint(
      format("make room on the file system of '{}', for example with "
             "`devenv image prune`",
             directory));
}

int run_downloader(const WorkerEnds& ends, const LayerJob& job, int partial, int announcements) {
  become_worker(ends, "devenv-download");
  auto downloaded = download(ends, job, partial, announcements);
  if (!downloaded) {
    const Error error = downloaded.error().context(format("cannot download {}", job.id));
    downloaded = fail(explain_disk_error(error, job.directory));
  }
  return report_end(ends, downloaded, std::get<Downloaded>(job.bytes).from->standing());
}

int run_program(const WorkerEnds& ends, const LayerJob& job, int output) {
  // Signals stay held back: `produce` hands them on to its program, which cleans up after itself.
  sys::die_with_parent(ends.foreman);
  sys::set_process_name("devenv-produce");
  const Announce announce = [&](std::string_view activity) {
    report(ends, ActivityMessage{std::string(activity)});
  };
  return report_end(ends, std::get<Piped>(job.bytes).produce(output, announce));
}

int run_unpacker(const WorkerEnds& ends,
                 const LayerJob& job,
                 int input,
                 int announcements,
                 const UnpackLimits& limits) {
  become_worker(ends, "devenv-unpack");
  sys::start_session();  // away from the user's terminal
  sys::set_umask(0);
  const auto source = open_source(job, input, announcements);
  // Outlives the report of a failure: its thread may have to wait for a download.
  const auto turn = sys::open_file(ends.memory_lock, O_RDWR | O_CREAT, 0600);
  Chain chain(ends, job, *source, limits,
              [&] { return turn ? wait_for_turn(turn->get()) : Result<void>(); });
  bool as_asked = false;
  const auto work = [&]() -> Result<LayerOutcome> {
    TRY(make_place(job));
    TRY_ASSIGN(const LayerPlace place,
               confine(job, {input, announcements, ends.reports, turn ? turn->get() : -1}));
    return unpack(job, chain, place.root.get(), as_asked);
  };
  auto outcome = work();
  if (!outcome) {
    const Error error = outcome.error().context(format("cannot unpack {}", job.id));
    report(ends, FailureMessage{explain_disk_error(error, job.directory), as_asked});
    return 1;
  }
  report(ends, OutcomeMessage{std::move(*outcome)});
  return 0;
}

}  // namespace devenv::image::fetch

// SPDX-License-Identifier: MIT
#include "env/image/fetch/import.hpp"

#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/image/fetch/checksums.hpp"
#include "env/image/fetch/confined.hpp"
#include "env/image/fetch/install.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/image/fetch/squashfs.hpp"
#include "env/image/fetch/tar_index.hpp"
#include "env/image/fetch/workers.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kBeginning = 64U * 1024;

/// The first bytes, decompressed.
Result<std::string> beginning_of(const OpenArchive& file) {
  FileSource source(file.fd.get(), 0, file.size);
  TRY_ASSIGN(const auto decompressed, decompress(source));
  return read_up_to(*decompressed, kBeginning);
}

/// Whether the file's own first block is a tar header, so that it can be read in place.
Result<bool> is_plain_tar(const OpenArchive& file) {
  std::array<char, 512> block{};
  TRY_ASSIGN(const std::size_t count, sys::read_at(file.fd.get(), block, 0));
  return parse_tar_header({block.data(), count}).has_value();
}

/// A compressed image archive has to be decompressed as a whole: its parts are needed out of order.
Result<void> decompress_to(int output, const OpenArchive& file, std::uint64_t max_bytes) {
  FileSource source(file.fd.get(), 0, file.size);
  TRY_ASSIGN(const auto decompressed, decompress(source));
  std::string block(kBlockSize, '\0');
  std::uint64_t total = 0;
  while (true) {
    TRY_ASSIGN(const std::size_t count, decompressed->read({block.data(), block.size()}));
    if (count == 0) {
      return {};
    }
    total += count;
    if (total > max_bytes) {
      return fail(ErrorCode::integrity, "the archive is larger than the limit for images");
    }
    TRY(sys::write_all(output, {block.data(), count}));
  }
}

Result<sys::UniqueFd> decompress_to_file(const Context& context, const OpenArchive& file) {
  TRY_ASSIGN(sys::UniqueFd output, open_nameless_file(context));
  const auto work = [&]() -> Result<std::string> {
    const auto done = decompress_to(output.get(), file, context.limits.max_bytes);
    return done ? Result<std::string>("")
                : fail(explain_disk_error(done.error(), context.store.path()));
  };
  TRY(run_confined(context.cancellation, {file.fd.get(), output.get()}, work));
  return output;
}

Result<ImageRecord> import_image(const Context& context,
                                 ImageArchive& archive,
                                 const std::string& reference,
                                 const ImageArchive::Wanted& wanted) {
  TRY_ASSIGN(const ImagePlan plan, archive.plan(reference, wanted));
  return install_image(context, plan);
}

Result<ImageRecord> import_root_filesystem(const Context& context,
                                           const OpenArchive& file,
                                           const std::string& reference) {
  LayerJob job{.id = file.name,
               .digest = file.digest,
               .size_bytes = file.size,
               .bytes = InFile{file.fd.get(), 0}};
  return install_root_filesystem(context, reference, std::move(job));
}

/// A tar, compressed or not, or what is none.
Result<ImageRecord> import_tar(const Context& context,
                               const OpenArchive& file,
                               const std::string& reference,
                               const ImageArchive::Wanted& wanted) {
  auto beginning =
      run_confined(context.cancellation, {file.fd.get()}, [&] { return beginning_of(file); });
  if (!beginning && beginning.error().code() != ErrorCode::integrity &&
      beginning.error().code() != ErrorCode::unsupported) {
    return fail(beginning.error());
  }
  const auto first = beginning ? first_entry_name(*beginning) : std::nullopt;
  if (!first) {
    Error error = no_archive(file.place, "is not a tar archive");
    return fail(beginning ? error
                          : beginning.error().context(error.message()).with_hint(error.hint()));
  }
  TRY_ASSIGN(const bool plain, is_plain_tar(file));
  if (!plain && !names_image_archive(*first)) {
    return import_root_filesystem(context, file, reference);
  }
  sys::UniqueFd tar;
  if (plain) {
    TRY_ASSIGN(tar, sys::duplicate(file.fd.get()));
  } else {
    TRY_ASSIGN(tar, decompress_to_file(context, file));
  }
  TRY_ASSIGN(auto archive, ImageArchive::open_tar(std::move(tar)));
  if (archive && (archive->is_oci_layout() || archive->is_docker_archive())) {
    return import_image(context, *archive, reference, wanted);
  }
  return import_root_filesystem(context, file, reference);
}

Result<ImageRecord> import_directory(const Context& context,
                                     const ArchiveRequest& request,
                                     const std::string& reference,
                                     const ImageArchive::Wanted& wanted) {
  const std::string shown = text::sanitize(request.location);
  if (request.sha256 || !request.checksums.empty()) {
    return fail(ErrorCode::usage, format("'{}' is a directory, which has no checksum", shown));
  }
  TRY_ASSIGN(ImageArchive archive, ImageArchive::open_directory(request.location));
  if (!archive.is_oci_layout()) {
    return fail(no_archive(shown, "is a directory, but not an OCI layout"));
  }
  return import_image(context, archive, reference, wanted);
}

/// A download that is in the store, or is no image whoever tries again, is needed no more.
Result<ImageRecord> import_file(const Context& context,
                                const ArchiveRequest& request,
                                const std::string& reference,
                                const ImageArchive::Wanted& wanted) {
  TRY_ASSIGN(const OpenArchive file, open_archive(context, request));
  auto record = import_opened(context, file, reference, wanted);
  if (record || record.error().code() == ErrorCode::integrity) {
    file.forget_download();
  }
  return record;
}

}  // namespace

Result<ImageRecord> import_opened(const Context& context,
                                  const OpenArchive& file,
                                  const std::string& reference,
                                  const ImageArchive::Wanted& wanted) {
  TRY_ASSIGN(const bool squashfs, is_squashfs(file));
  return squashfs ? import_squashfs(context, file, reference)
                  : import_tar(context, file, reference, wanted);
}

Result<ImageRecord> import_archive(const Context& context,
                                   const ArchiveRequest& request,
                                   const Reference& name,
                                   const Platform& platform) {
  const std::string shown = shown_location(request.location);
  context.reporter.step(format("importing {}", shown));
  const ImageArchive::Wanted wanted{request.tag, platform};
  auto record = sys::is_directory(request.location)
                    ? import_directory(context, request, name.string(), wanted)
                    : import_file(context, request, name.string(), wanted);
  if (!record) {
    const Error error = record.error().context(format("cannot import '{}'", shown));
    return fail(explain_disk_error(error, context.store.path()));
  }
  return record;
}

}  // namespace devenv::image::fetch

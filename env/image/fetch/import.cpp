// SPDX-License-Identifier: MIT
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/image_archive.hpp"
#include "env/image/fetch/install.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/image/fetch/workers.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kBeginning = 64U * 1024;

struct OpenFile {
  sys::UniqueFd fd;
  std::uint64_t size = 0;
};

Error no_archive(const std::string& path, std::string_view why) {
  return Error(ErrorCode::integrity, format("'{}' {}", text::sanitize(path), why))
      .with_hint(
          "what can be imported: a root file system tar (plain, gzip, xz, zstd, bzip2), an "
          "OCI layout, a docker archive");
}

/// A regular file; anything that might block or never end is refused.
Result<OpenFile> open_regular(const std::string& path) {
  TRY_ASSIGN(sys::UniqueFd fd, sys::open_file(path, O_RDONLY | O_NONBLOCK));
  TRY_ASSIGN(const struct stat info, sys::stat_fd(fd.get()));
  if (!S_ISREG(info.st_mode)) {
    return fail(no_archive(path, "is neither a file nor a directory"));
  }
  if (info.st_size == 0) {
    return fail(no_archive(path, "is empty"));
  }
  return OpenFile{std::move(fd), static_cast<std::uint64_t>(info.st_size)};
}

/// The first bytes, decompressed.
Result<std::string> beginning_of(const OpenFile& file) {
  FileSource source(file.fd.get(), 0, file.size);
  TRY_ASSIGN(const auto decompressed, decompress(source));
  std::string bytes(kBeginning, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    TRY_ASSIGN(const std::size_t count,
               decompressed->read({bytes.data() + have, bytes.size() - have}));
    if (count == 0) {
      break;
    }
    have += count;
  }
  bytes.resize(have);
  return bytes;
}

/// Whether the file's own first block is a tar header, so that it can be read in place.
Result<bool> is_plain_tar(const OpenFile& file) {
  std::array<char, 512> block{};
  TRY_ASSIGN(const std::size_t count, sys::read_at(file.fd.get(), block, 0));
  return parse_tar_header({block.data(), count}).has_value();
}

/// A compressed image archive has to be decompressed as a whole: its parts are needed out of order.
Result<sys::UniqueFd> decompress_to_file(const Context& context,
                                         const OpenFile& file,
                                         const std::string& target) {
  TRY_ASSIGN(sys::UniqueFd output, sys::open_file(target, O_RDWR | O_CREAT | O_EXCL, 0600));
  // Needed as long as it is open: whatever ends this process, nothing is left.
  TRY(sys::remove_file(target));
  FileSource source(file.fd.get(), 0, file.size);
  TRY_ASSIGN(const auto decompressed, decompress(source));
  std::string block(kBlockSize, '\0');
  std::uint64_t total = 0;
  while (true) {
    TRY_ASSIGN(const std::size_t count, decompressed->read({block.data(), block.size()}));
    if (count == 0) {
      return output;
    }
    total += count;
    if (total > context.limits.max_bytes) {
      return fail(ErrorCode::integrity, "the archive is larger than the limit for images");
    }
    TRY(sys::write_all(output.get(), {block.data(), count}));
  }
}

Result<ImageRecord> import_image(const Context& context,
                                 ImageArchive& archive,
                                 const std::string& reference,
                                 const Platform& platform) {
  TRY_ASSIGN(const ImagePlan plan, archive.plan(reference, platform));
  return install_image(context, plan);
}

Result<ImageRecord> import_root_filesystem(const Context& context,
                                           const OpenFile& file,
                                           const std::string& path,
                                           const std::string& reference) {
  const std::size_t slash = path.rfind('/');
  LayerJob job{.id = text::sanitize(slash == std::string::npos ? path : path.substr(slash + 1)),
               .size_bytes = file.size,
               .bytes = InFile{file.fd.get(), 0}};
  return install_root_filesystem(context, reference, std::move(job));
}

Result<ImageRecord> import_file(const Context& context,
                                const std::string& path,
                                const std::string& reference,
                                const Platform& platform) {
  TRY_ASSIGN(OpenFile file, open_regular(path));
  auto beginning = beginning_of(file);
  const auto first = beginning ? first_entry_name(*beginning) : std::nullopt;
  if (!first) {
    Error error = no_archive(path, "is not a tar archive");
    return fail(beginning ? error
                          : beginning.error().context(error.message()).with_hint(error.hint()));
  }
  TRY_ASSIGN(const bool plain, is_plain_tar(file));
  if (!plain && !names_image_archive(*first)) {
    return import_root_filesystem(context, file, path, reference);
  }
  std::optional<Unfinished> unfinished;
  sys::UniqueFd tar;
  if (plain) {
    TRY_ASSIGN(tar, sys::duplicate(file.fd.get()));
  } else {
    TRY_ASSIGN(Unfinished place, context.store.begin_unfinished("archive"));
    unfinished.emplace(std::move(place));
    TRY_ASSIGN(tar, decompress_to_file(context, file, unfinished->path));
  }
  TRY_ASSIGN(auto archive, ImageArchive::open_tar(std::move(tar)));
  if (archive && (archive->is_oci_layout() || archive->is_docker_archive())) {
    return import_image(context, *archive, reference, platform);
  }
  return import_root_filesystem(context, file, path, reference);
}

Result<ImageRecord> import_directory(const Context& context,
                                     const std::string& path,
                                     const std::string& reference,
                                     const Platform& platform) {
  TRY_ASSIGN(ImageArchive archive, ImageArchive::open_directory(path));
  if (!archive.is_oci_layout()) {
    return fail(no_archive(path, "is a directory, but not an OCI layout"));
  }
  return import_image(context, archive, reference, platform);
}

}  // namespace

Result<ImageRecord> import_archive(const Context& context,
                                   const std::string& path,
                                   const Reference& name,
                                   const Platform& platform) {
  const std::string shown = text::sanitize(path);
  context.reporter.step(format("importing {}", shown));
  auto record = sys::is_directory(path) ? import_directory(context, path, name.string(), platform)
                                        : import_file(context, path, name.string(), platform);
  if (!record) {
    const Error error = record.error().context(format("cannot import '{}'", shown));
    return fail(explain_disk_error(error, context.store.path()));
  }
  return record;
}

}  // namespace devenv::image::fetch

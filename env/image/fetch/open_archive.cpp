// SPDX-License-Identifier: MIT
#include "env/image/fetch/open_archive.hpp"

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/checksums.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/image/registry/url.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::fetch {
namespace {

constexpr int kStandardInput = 0;
constexpr std::chrono::milliseconds kTellEvery{100};
constexpr std::size_t kNameBytes = 16;

Error too_large(const Context& context) {
  return Error(ErrorCode::integrity, format("there are more than {} bytes, the limit for images",
                                            context.limits.max_bytes))
      .with_hint("DEVENV_IMAGE_MAX_SIZE sets the limit");
}

Result<Digest> digest_of(const OpenArchive& archive) {
  FileSource source(archive.fd.get(), 0, archive.size);
  HashingSource hashed(source, archive.size);
  return hashed.finish();
}

Result<void> check_digest(const OpenArchive& archive, const std::optional<Digest>& expected) {
  if (!expected) {
    return {};
  }
  TRY_ASSIGN(const Digest found, digest_of(archive));
  return found == *expected ? Result<void>() : fail(wrong_checksum(found, *expected));
}

Result<OpenArchive> read_standard_input(const Context& context) {
  TRY_ASSIGN(const struct stat info, sys::stat_fd(kStandardInput));
  OpenArchive archive;
  if (S_ISREG(info.st_mode)) {
    TRY_ASSIGN(archive.fd, sys::duplicate(kStandardInput));
    archive.size = static_cast<std::uint64_t>(info.st_size);
  } else {
    // It ends on a signal as any program does; from here on there may be something to clean up.
    TRY_ASSIGN(archive, collect_pipe(context, kStandardInput, "standard input"));
  }
  archive.name = "standard input";
  archive.place = archive.name;
  if (archive.size == 0) {
    return fail(ErrorCode::integrity, "standard input is empty");
  }
  return archive;
}

/// http says nothing about who sends the bytes, so something else has to.
Result<void> check_trust(const Context& context,
                         const ArchiveRequest& request,
                         const registry::Url& url) {
  const bool checked = request.sha256 || !request.checksums.empty();
  if (url.scheme != "https" && !checked) {
    return fail(
        Error(ErrorCode::usage, "what comes over http can be anybody's, and no checksum is given")
            .with_hint("write '#sha256=HEX' behind the URL, or use https"));
  }
  if (!checked) {
    context.reporter.step(
        "no checksum is given: only the server's certificate vouches for what it sends");
  }
  return {};
}

/// For whoever wants the same bytes the next time.
Result<void> tell_digest(const Context& context, const OpenArchive& archive) {
  TRY_ASSIGN(const Digest digest, digest_of(archive));
  context.reporter.step(
      format("to get the same again, write '#sha256={}' behind the URL", digest.hex()));
  return {};
}

Result<OpenArchive> open_unchecked(const Context& context,
                                   const ArchiveRequest& request,
                                   const std::optional<Digest>& expected) {
  if (request.location == kStandardInputWord) {
    TRY_ASSIGN(OpenArchive archive, read_standard_input(context));
    TRY(check_digest(archive, expected));
    return archive;
  }
  if (is_web_address(request.location)) {
    return download_archive(context, request.location, expected);
  }
  TRY_ASSIGN(OpenArchive archive, open_archive_file(request.location));
  TRY(check_digest(archive, expected));
  return archive;
}

}  // namespace

Error no_archive(const std::string& name, std::string_view why) {
  return Error(ErrorCode::integrity, format("'{}' {}", name, why))
      .with_hint(
          "what can be imported: a root file system tar (plain, gzip, xz, zstd, bzip2) or "
          "squashfs, "
          "an OCI layout, a docker archive");
}

void OpenArchive::forget_download() const {
  for (const std::string& file : leftovers) {
    if (const auto removed = sys::remove_file(file); !removed) {
      LOG_WARN("{}", removed.error().to_line());
    }
  }
}

bool is_web_address(std::string_view location) {
  const std::string start = text::to_lower(location.substr(0, 8));
  return start.starts_with("http://") || start.starts_with("https://");
}

Result<sys::UniqueFd> open_nameless_file(const Context& context) {
  const std::string path =
      format("{}/{}.nameless", context.store.temporary_directory(), sys::random_hex(kNameBytes));
  TRY_ASSIGN(sys::UniqueFd file, sys::open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600));
  TRY(sys::remove_file(path));
  return file;
}

Result<OpenArchive> collect_pipe(const Context& context, int pipe, const std::string& id) {
  OpenArchive archive;
  TRY_ASSIGN(archive.fd, open_nameless_file(context));
  std::string block(kBlockSize, '\0');
  auto told_at = std::chrono::steady_clock::now();
  while (true) {
    std::vector<sys::WaitEntry> entries = {{pipe, sys::WaitFor::readable}};
    TRY(context.cancellation.wait(entries));
    if (!entries[0].ready) {
      continue;
    }
    TRY_ASSIGN(const std::size_t count, sys::read_some(pipe, block));
    if (count == 0) {
      break;
    }
    archive.size += count;
    if (archive.size > context.limits.max_bytes) {
      return fail(too_large(context));
    }
    TRY(sys::write_all(archive.fd.get(), {block.data(), count}));
    if (const auto now = std::chrono::steady_clock::now(); now - told_at >= kTellEvery) {
      told_at = now;
      context.reporter.progress(id, "fetching", archive.size, 0, false);
    }
  }
  context.reporter.progress(id, "fetching", archive.size, archive.size, true);
  return archive;
}

Result<OpenArchive> open_archive_file(const std::string& path) {
  OpenArchive archive;
  TRY_ASSIGN(archive.fd, sys::open_file(path, O_RDONLY | O_NONBLOCK));
  TRY_ASSIGN(const struct stat info, sys::stat_fd(archive.fd.get()));
  if (!S_ISREG(info.st_mode)) {
    return fail(no_archive(text::sanitize(path), "is neither a file nor a directory"));
  }
  if (info.st_size == 0) {
    return fail(no_archive(text::sanitize(path), "is empty"));
  }
  archive.size = static_cast<std::uint64_t>(info.st_size);
  archive.name = text::sanitize(text::base_name(path));
  archive.place = text::sanitize(path);
  return archive;
}

Result<OpenArchive> open_archive(const Context& context, const ArchiveRequest& request) {
  if (is_web_address(request.location)) {
    const auto url = registry::Url::parse(request.location);
    if (!url) {
      return fail(url.error().with_code(ErrorCode::usage));
    }
    TRY(check_trust(context, request, *url));
  }
  TRY_ASSIGN(const std::optional<Digest> expected, expected_digest(context, request));
  TRY_ASSIGN(OpenArchive archive, open_unchecked(context, request, expected));
  archive.digest = expected;
  if (is_web_address(request.location) && !expected) {
    TRY(tell_digest(context, archive));
  }
  return archive;
}

}  // namespace devenv::image::fetch

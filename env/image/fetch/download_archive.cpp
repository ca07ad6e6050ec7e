// SPDX-License-Identifier: MIT
// download_archive: an archive on a web server becomes a file in the store's tmp, which outlives a
// failure.
#include <chrono>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/checksums.hpp"
#include "env/image/fetch/lock_set.hpp"
#include "env/image/fetch/open_archive.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/image/registry/web_file.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::chrono::milliseconds kTellEvery{100};
constexpr std::size_t kMaxVersionBytes = 4096;

/// What is there of a download, under names that begin with the digest of its URL: while that is
/// locked, it is nobody else's and prune leaves it alone.
class Partial {
 public:
  Partial(const Context& context, const Digest& id)
      : file_(format("{}/{}.download", context.store.temporary_directory(), id.hex())),
        version_file_(file_ + ".version") {}

  std::vector<std::string> files() const { return {file_, version_file_}; }
  Result<void> open() {
    TRY_ASSIGN(fd_, sys::open_file(file_, O_RDWR | O_CREAT, 0600));
    return {};
  }
  Result<std::uint64_t> size() const {
    TRY_ASSIGN(const struct stat info, sys::stat_fd(fd_.get()));
    return static_cast<std::uint64_t>(info.st_size);
  }
  /// What its bytes are a version of; "" when that is not known.
  std::string version() const {
    const auto text = sys::read_file_if_exists(version_file_, kMaxVersionBytes);
    return text && *text ? **text : "";
  }
  Result<void> restart(const std::string& version) {
    // In this order: never bytes of one version under the name of another.
    TRY(sys::remove_file(version_file_));
    TRY(sys::truncate_file(fd_.get(), 0));
    TRY(sys::seek_to(fd_.get(), 0));
    return version.empty() || version.size() > kMaxVersionBytes
               ? Result<void>()
               : sys::replace_file(version_file_, version, 0600);
  }
  Result<void> seek_to_end() {
    TRY_ASSIGN(const std::uint64_t end, size());
    return sys::seek_to(fd_.get(), end);
  }
  Result<void> append(std::string_view bytes) { return sys::write_all(fd_.get(), bytes); }
  sys::UniqueFd take_fd() { return std::move(fd_); }

 private:
  std::string file_;
  std::string version_file_;
  sys::UniqueFd fd_;
};

Result<void> fill(const Context& context,
                  const registry::Url& url,
                  Partial& partial,
                  const std::string& id) {
  TRY_ASSIGN(const std::uint64_t have, partial.size());
  TRY(partial.seek_to_end());
  auto told_at = std::chrono::steady_clock::time_point{};
  registry::WebTarget target{
      .have = have,
      .version = have > 0 ? partial.version() : "",
      .restart = [&](const std::string& version) { return partial.restart(version); },
      .append = [&](std::string_view bytes) { return partial.append(bytes); },
      .progress =
          [&](std::uint64_t done, std::uint64_t total) {
            if (const auto now = std::chrono::steady_clock::now(); now - told_at >= kTellEvery) {
              told_at = now;
              context.reporter.progress(id, "downloading", done, total, false);
            }
          }};
  TRY(registry::download_web_file(url, context.timeouts, context.limits.max_bytes, target));
  context.reporter.progress(id, "downloading", target.have, target.have, true);
  return {};
}

/// The digest of what came, when it is not the one that was expected.
Result<std::optional<Digest>> other_digest(const OpenArchive& archive,
                                           const std::optional<Digest>& expected) {
  if (!expected) {
    return std::nullopt;
  }
  FileSource source(archive.fd.get(), 0, archive.size);
  HashingSource hashed(source, archive.size);
  TRY_ASSIGN(Digest found, hashed.finish());
  return found == *expected ? std::nullopt : std::optional<Digest>(std::move(found));
}

}  // namespace

Result<OpenArchive> download_archive(const Context& context,
                                     const std::string& location,
                                     const std::optional<Digest>& expected) {
  TRY_ASSIGN(const registry::Url url, registry::Url::parse(location));
  const Digest id = sha256(url.string());
  LockNeeds needs;
  add_need(needs, id, LockNeed::make);
  OpenArchive archive;
  TRY_ASSIGN(archive.locks, take_locks(context, needs));
  archive.name = text::sanitize(archive_name(location));
  archive.place = registry::shown_url(url);
  Partial partial(context, id);
  archive.leftovers = partial.files();
  while (true) {
    TRY(partial.open());
    TRY_ASSIGN(const std::uint64_t had, partial.size());
    if (auto filled = fill(context, url, partial, archive.name); !filled) {
      if (partial.size().value_or(1) == 0) {
        archive.forget_download();
      }
      return fail(filled.error());
    }
    TRY_ASSIGN(archive.size, partial.size());
    archive.fd = partial.take_fd();
    TRY_ASSIGN(const auto other, other_digest(archive, expected));
    if (!other) {
      break;
    }
    archive.forget_download();
    if (had == 0) {
      return fail(wrong_checksum(*other, *expected));
    }
    LOG_INFO("{}: what was left of an earlier download is something else", archive.name);
  }
  if (archive.size == 0) {
    archive.forget_download();
    return fail(no_archive(archive.place, "is empty"));
  }
  return archive;
}

}  // namespace devenv::image::fetch

// SPDX-License-Identifier: MIT
#include "env/sys/lean.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace devenv::sys::lean {
namespace {

Errno outcome(long returned) {
  return returned == -1 ? errno : 0;
}

/// Repeats a call that returns -1 with EINTR (network and FUSE file systems).
template <typename Call>
auto retry(Call call) {
  auto value = call();
  while (value == -1 && errno == EINTR) {
    value = call();
  }
  return value;
}

tl::expected<UniqueFd, Errno> open_at(int directory, const char* name, int flags, mode_t mode) {
  const int fd = retry([&] { return ::openat(directory, name, flags, mode); });
  if (fd == -1) {
    return tl::unexpected<Errno>(errno);
  }
  return UniqueFd(fd);
}

std::array<timespec, 2> both(const timespec& time) {
  return {time, time};
}

}  // namespace

tl::expected<UniqueFd, Errno> create_file(int directory, const char* name, mode_t mode) {
  return open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

tl::expected<UniqueFd, Errno> open_directory(int directory, const char* name) {
  return open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

Errno make_directory(int directory, const char* name, mode_t mode) {
  return outcome(::mkdirat(directory, name, mode));
}

Errno make_node(int directory, const char* name, mode_t mode, dev_t device) {
  return outcome(::mknodat(directory, name, mode, device));
}

Errno make_symlink(const char* target, int directory, const char* name) {
  return outcome(::symlinkat(target, directory, name));
}

Errno make_hard_link(int from_directory, const char* from, int to_directory, const char* to) {
  return outcome(::linkat(from_directory, from, to_directory, to, 0));
}

Errno remove_file(int directory, const char* name) {
  return outcome(::unlinkat(directory, name, 0));
}

Errno write_at(int fd, std::span<const char> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count =
        retry([&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (count == -1) {
      return errno;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return 0;
}

Errno set_size(int fd, std::uint64_t size) {
  return outcome(retry([&] { return ::ftruncate(fd, static_cast<off_t>(size)); }));
}

Errno set_mode(int fd, mode_t mode) {
  return outcome(::fchmod(fd, mode));
}

Errno set_owner(int fd, uid_t uid, gid_t gid) {
  return outcome(::fchown(fd, uid, gid));
}

Errno set_times(int fd, const timespec& time) {
  return outcome(::futimens(fd, both(time).data()));
}

void start_writing_back(int fd) {
  (void)::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

Errno set_owner(int directory, const char* name, uid_t uid, gid_t gid) {
  return outcome(::fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW));
}

Errno set_times(int directory, const char* name, const timespec& time) {
  return outcome(::utimensat(directory, name, both(time).data(), AT_SYMLINK_NOFOLLOW));
}

Errno set_xattr(int fd, const char* name, std::string_view value) {
  return outcome(::fsetxattr(fd, name, value.data(), value.size(), 0));
}

Errno remove_xattr(int fd, const char* name) {
  const Errno error = outcome(::fremovexattr(fd, name));
  return error == ENODATA || error == EOPNOTSUPP ? 0 : error;
}

bool has_xattr(int fd, const char* name) {
  return ::fgetxattr(fd, name, nullptr, 0) >= 0;
}

Result<std::vector<std::string>> character_devices(int directory) {
  auto copy = open_directory(directory, ".");  // with a position of its own
  if (!copy) {
    return fail_errno(copy.error(), "cannot list a directory");
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy->get()), &::closedir);
  if (stream == nullptr) {
    return fail_errno(errno, "cannot list a directory");
  }
  (void)copy->release();  // closedir closes it
  std::vector<std::string> names;
  errno = 0;
  while (const struct dirent* entry = ::readdir(stream.get())) {
    struct stat info {};
    // Some file systems do not tell the type when listing.
    const bool is_device = entry->d_type == DT_CHR ||
                           (entry->d_type == DT_UNKNOWN &&
                            ::fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                            S_ISCHR(info.st_mode));
    if (is_device) {
      names.emplace_back(entry->d_name);
    }
    errno = 0;
  }
  if (errno != 0) {
    return fail_errno(errno, "cannot list a directory");
  }
  return names;
}

FileIds creating_ids() {
  return {::geteuid(), ::getegid()};
}

}  // namespace devenv::sys::lean

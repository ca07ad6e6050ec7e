// SPDX-License-Identifier: MIT
// The reading half of lean.hpp.
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"

namespace devenv::sys::lean {
namespace {

constexpr std::size_t kMaxXattrBytes = 64U * 1024;  // XATTR_LIST_MAX, XATTR_SIZE_MAX

uid_t overflow_id(const char* file) {
  constexpr uid_t kUsual = 65534;
  const auto text = read_file(file);
  const auto number = text ? text::parse_number(text::trim(*text)) : std::nullopt;
  return number ? static_cast<uid_t>(*number) : kUsual;
}

/// Calls read(buffer, size) with a small buffer, and with the largest there is when that is not
/// enough.
template <typename Read>
Result<std::string> read_attribute_text(Read read, const char* what) {
  std::array<char, 1024> some{};
  ssize_t size = read(some.data(), some.size());
  if (size >= 0) {
    return std::string(some.data(), static_cast<std::size_t>(size));
  }
  if (errno != ERANGE) {
    return fail_errno(errno, what);
  }
  std::string all(kMaxXattrBytes, '\0');
  size = read(all.data(), all.size());
  if (size < 0) {
    return fail_errno(errno, what);
  }
  all.resize(static_cast<std::size_t>(size));
  return all;
}

}  // namespace

tl::expected<UniqueFd, Errno> open_to_read(int directory, const char* name) {
  int fd = -1;
  do {
    fd = ::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  } while (fd == -1 && errno == EINTR);
  if (fd == -1) {
    return tl::unexpected<Errno>(errno);
  }
  return UniqueFd(fd);
}

Errno look_at(int directory, const char* name, struct stat& info) {
  return ::fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == -1 ? errno : 0;
}

Errno look_at(int fd, struct stat& info) {
  return ::fstat(fd, &info) == -1 ? errno : 0;
}

Result<std::vector<ListedName>> list_names(int directory) {
  auto copy = open_directory(directory, ".");  // with a position of its own
  if (!copy) {
    return fail_errno(copy.error(), "cannot list a directory");
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy->get()), &::closedir);
  if (stream == nullptr) {
    return fail_errno(errno, "cannot list a directory");
  }
  (void)copy->release();  // closedir closes it
  std::vector<ListedName> names;
  errno = 0;
  while (const struct dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back({std::string(name), static_cast<mode_t>(DTTOIF(entry->d_type))});
    }
    errno = 0;
  }
  if (errno != 0) {
    return fail_errno(errno, "cannot list a directory");
  }
  std::sort(names.begin(), names.end(),
            [](const ListedName& a, const ListedName& b) { return a.name < b.name; });
  return names;
}

Result<std::vector<std::string>> xattr_names(int fd) {
  const auto names = read_attribute_text(
      [fd](char* buffer, std::size_t size) { return ::flistxattr(fd, buffer, size); },
      "cannot list the attributes");
  if (!names) {
    return names.error().code() == ErrorCode::unsupported
               ? Result<std::vector<std::string>>{std::vector<std::string>{}}
               : fail(names.error());
  }
  std::vector<std::string> list;
  if (names->empty()) {
    return list;
  }
  for (const std::string_view name : text::split(*names, '\0')) {
    if (!name.empty()) {
      list.emplace_back(name);
    }
  }
  std::sort(list.begin(), list.end());
  return list;
}

Result<std::string> xattr_value(int fd, const char* name) {
  return read_attribute_text(
      [=](char* buffer, std::size_t size) { return ::fgetxattr(fd, name, buffer, size); },
      "cannot read an attribute");
}

bool is_overflow_id(uid_t uid, gid_t gid) {
  static const uid_t uid_of_others = overflow_id("/proc/sys/kernel/overflowuid");
  static const gid_t gid_of_others = overflow_id("/proc/sys/kernel/overflowgid");
  return uid == uid_of_others || gid == gid_of_others;
}

bool is_within_map(int directory, const char* name) {
  // A capability of the namespace counts for a file only when both its ids are in the map
  // (capable_wrt_inode_uidgid); AT_EACCESS, because the real ids have no capabilities.
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_EACCESS;
  return ::syscall(SYS_faccessat2, directory, name, W_OK, kFlags) == 0 || errno != EACCES;
}

}  // namespace devenv::sys::lean

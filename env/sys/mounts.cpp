// SPDX-License-Identifier: MIT
#include "env/sys/mounts.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

// glibc's <sys/mount.h> and <linux/mount.h> cannot be included together before glibc 2.37.
extern "C" {
int mount(const char* source,
          const char* target,
          const char* type,
          unsigned long flags,
          const void* data) noexcept;
int umount2(const char* target, int flags) noexcept;
}

namespace devenv::sys {
namespace {

constexpr unsigned kAtRecursive = 0x8000;  // AT_RECURSIVE
constexpr int kMntDetach = 2;              // MNT_DETACH

std::string fd_path(int fd) {
  return format("/proc/self/fd/{}", fd);
}

/// What the kernel wrote about the last failure on a file system context. Each read gives a line
/// "e overlay: ...".
std::string context_messages(int context) {
  std::string messages;
  std::array<char, 512> line{};
  while (true) {
    const ssize_t length = ::read(context, line.data(), line.size());
    if (length <= 0) {
      return messages;
    }
    std::string_view message = text::trim({line.data(), static_cast<std::size_t>(length)});
    if (message.size() > 2 && message[1] == ' ') {
      message.remove_prefix(2);
    }
    messages += messages.empty() ? "" : "; ";
    messages += message;
  }
}

/// Read-only for one attached mount before mount_setattr existed: every flag that is set must be
/// given again, because a user namespace may not clear flags it did not set (EPERM).
Result<void> remount_read_only(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) == -1) {
    return fail_errno(errno, format("cannot look at mount '{}'", path));
  }
  unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
  constexpr std::array<std::pair<unsigned long, unsigned long>, 6> kKept = {{
      {ST_NOSUID, MS_NOSUID},
      {ST_NODEV, MS_NODEV},
      {ST_NOEXEC, MS_NOEXEC},
      {ST_NOATIME, MS_NOATIME},
      {ST_NODIRATIME, MS_NODIRATIME},
      {ST_RELATIME, MS_RELATIME},
  }};
  for (const auto& [is_set, flag] : kKept) {
    flags |= (info.f_flag & is_set) != 0 ? flag : 0;
  }
  if (::mount(nullptr, path.c_str(), nullptr, flags, nullptr) == -1) {
    return fail_errno(errno, format("cannot make '{}' read-only", path));
  }
  return {};
}

std::string unescape_octal(std::string_view text) {
  const auto is_octal = [](std::string_view digits) {
    return digits.size() == 3 && digits.find_first_not_of("01234567") == std::string_view::npos;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && is_octal(text.substr(i + 1, 3))) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

Result<void> set_propagation(const std::string& path,
                             Propagation propagation,
                             Recursion recursion) {
  const unsigned long flags =
      (propagation == Propagation::slave ? MS_SLAVE : MS_PRIVATE) |
      (recursion == Recursion::yes ? static_cast<unsigned long>(MS_REC) : 0UL);
  if (::mount(nullptr, path.c_str(), nullptr, flags, nullptr) == -1) {
    return fail_errno(errno, format("cannot change the mount propagation of '{}'", path));
  }
  return {};
}

Result<UniqueFd> clone_mount(const std::string& path, Recursion recursion) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT |
                         (recursion == Recursion::yes ? kAtRecursive : 0U);
  const long fd = ::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), flags);
  if (fd == -1) {
    return fail_errno(errno, format("cannot take the mount '{}'", path));
  }
  return UniqueFd(static_cast<int>(fd));
}

Result<void> attach_mount(int mount, int target) {
  if (::syscall(SYS_move_mount, mount, "", target, "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == -1) {
    return fail_errno(errno, "cannot attach a mount");
  }
  return {};
}

Result<void> make_read_only(int mount, Recursion recursion) {
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  const unsigned flags = AT_EMPTY_PATH | (recursion == Recursion::yes ? kAtRecursive : 0U);
  if (::syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof attributes) == 0) {
    return {};
  }
  if (errno != ENOSYS) {
    return fail_errno(errno, "cannot make a mount read-only");
  }
  TRY_ASSIGN(const std::string top, read_link(fd_path(mount)));
  TRY(remount_read_only(top));
  if (recursion == Recursion::yes) {
    TRY_ASSIGN(const std::string mountinfo, read_file("/proc/self/mountinfo"));
    for (const MountInfo& below : parse_mountinfo(mountinfo)) {
      if (below.mount_point.starts_with(top + "/")) {
        // A mount that another one covers cannot be reached, nor does it need to be.
        (void)remount_read_only(below.mount_point);
      }
    }
  }
  return {};
}

Result<void> mount_file_system(const std::string& type,
                               const std::string& source,
                               int target,
                               std::uint64_t flags,
                               const std::string& data) {
  if (::mount(source.c_str(), fd_path(target).c_str(), type.c_str(), flags, data.c_str()) == -1) {
    return fail_errno(errno, format("cannot mount a file system of type {}", type));
  }
  return {};
}

Result<UniqueFd> create_file_system(const std::string& type, const std::vector<FsOption>& options) {
  const long opened = ::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC);
  if (opened == -1) {
    return fail_errno(errno, format("cannot make a file system of type {}", type));
  }
  const UniqueFd context(static_cast<int>(opened));
  const auto explain = [&](int saved_errno, const std::string& what) {
    const std::string messages = context_messages(context.get());
    Error error = Error::from_errno(saved_errno, what);
    return messages.empty()
               ? error
               : Error::from_errno(saved_errno, format("{} ({})", what, text::sanitize(messages)));
  };
  for (const FsOption& option : options) {
    const long set = option.value.empty()
                         ? ::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_FLAG,
                                     option.key.c_str(), nullptr, 0)
                         : ::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING,
                                     option.key.c_str(), option.value.c_str(), 0);
    if (set == -1) {
      return fail(explain(
          errno, format("cannot set option {} of a file system of type {}", option.key, type)));
    }
  }
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == -1) {
    return fail(explain(errno, format("cannot make a file system of type {}", type)));
  }
  const long mounted = ::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0);
  if (mounted == -1) {
    return fail(explain(errno, format("cannot mount a file system of type {}", type)));
  }
  return UniqueFd(static_cast<int>(mounted));
}

Result<void> change_root(int new_root) {
  if (::fchdir(new_root) == -1) {
    return fail_errno(errno, "cannot go to the new root");
  }
  if (::syscall(SYS_pivot_root, ".", ".") == -1) {
    return fail_errno(errno, "cannot change the root");
  }
  // The old root is now stacked on the new one; it must not pass its unmount on to the host.
  if (::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) == -1 ||
      ::umount2(".", kMntDetach) == -1 || ::chdir("/") == -1) {
    return fail_errno(errno, "cannot leave the old root");
  }
  return {};
}

Result<void> detach_mount(const std::string& path) {
  if (::umount2(path.c_str(), kMntDetach) == -1) {
    return fail_errno(errno, format("cannot unmount '{}'", path));
  }
  return {};
}

std::uint64_t mount_id(int fd) {
  const std::string info = read_file(format("/proc/self/fdinfo/{}", fd)).value_or("");
  for (const std::string_view line : text::lines(info)) {
    constexpr std::string_view kKey = "mnt_id:";
    if (line.starts_with(kKey)) {
      return text::parse_number(text::trim(line.substr(kKey.size()))).value_or(0);
    }
  }
  return 0;
}

std::vector<MountInfo> parse_mountinfo(std::string_view text) {
  std::vector<MountInfo> mounts;
  for (const std::string_view line : text::lines(text)) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) {
      continue;
    }
    const auto fields = text::split(line.substr(0, dash), ' ');
    const auto tail = text::split(line.substr(dash + 3), ' ');
    const auto id = text::parse_number(fields[0]);
    if (!id || fields.size() < 6 || tail.size() < 2) {
      continue;
    }
    mounts.push_back(MountInfo{.id = *id,
                               .mount_point = unescape_octal(fields[4]),
                               .type = std::string(tail[0]),
                               .source = unescape_octal(tail[1]),
                               .options = std::string(fields[5])});
  }
  return mounts;
}

}  // namespace devenv::sys

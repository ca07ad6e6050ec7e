// SPDX-License-Identifier: MIT
#include "env/sys/namespaces.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::sys {

Result<void> join_namespaces(int pidfd, int flags) {
  if (::setns(pidfd, flags) == -1) {
    return fail_errno(errno, "cannot join the namespaces");
  }
  return {};
}

Result<void> become(std::uint32_t uid, std::uint32_t gid) {
  if (::setgroups(0, nullptr) == -1 || ::setresgid(gid, gid, gid) == -1 ||
      ::setresuid(uid, uid, uid) == -1) {
    return fail_errno(errno, "cannot change the user id");
  }
  return {};
}

std::uint32_t effective_uid() {
  return ::geteuid();
}

Result<void> drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) == -1) {
    return fail_errno(errno, "cannot drop capabilities");
  }
  return {};
}

Result<void> leave_namespaces(int flags) {
  if (::unshare(flags) == -1) {
    return fail_errno(errno, "cannot make new namespaces");
  }
  return {};
}

Result<void> bring_loopback_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct ifreq request {};
  std::memcpy(request.ifr_name, "lo", sizeof "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (socket.get() == -1 || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == -1) {
    return fail_errno(errno, "cannot bring the loopback interface up");
  }
  return {};
}

Result<void> set_host_name(const std::string& name) {
  if (::sethostname(name.data(), name.size()) == -1) {
    return fail_errno(errno, format("cannot set the host name '{}'", name));
  }
  return {};
}

void set_file_system_ids(std::uint32_t uid, std::uint32_t gid) {
  ::setfsgid(gid);
  ::setfsuid(uid);
}

void make_dumpable() {
  ::prctl(PR_SET_DUMPABLE, 1);
}

Result<Credentials> credentials() {
  const int count = ::getgroups(0, nullptr);
  if (count == -1) {
    return fail_errno(errno, "cannot read the groups of this process");
  }
  Credentials result{.uid = ::getuid(),
                     .gid = ::getgid(),
                     .effective_uid = ::geteuid(),
                     .groups = std::vector<std::uint32_t>(static_cast<std::size_t>(count))};
  if (::getgroups(count, result.groups.data()) == -1) {
    return fail_errno(errno, "cannot read the groups of this process");
  }
  return result;
}

void set_process_name(const std::string& name) {
  ::prctl(PR_SET_NAME, name.c_str());
}

void start_session() {
  ::setsid();
}

unsigned set_umask(unsigned mask) {
  return ::umask(mask);
}

bool is_in_user_namespace(pid_t pid, std::uint64_t user_namespace) {
  auto fd = open_file(format("/proc/{}/ns/user", pid), O_RDONLY);
  while (fd) {
    const auto info = stat_fd(fd->get());
    if (!info) {
      return false;
    }
    if (info->st_ino == user_namespace) {
      return true;
    }
    // EPERM beyond our own namespace (ioctl_ns(2)): the walk ends there.
    const int parent = ::ioctl(fd->get(), NS_GET_PARENT);
    if (parent == -1) {
      return false;
    }
    fd = UniqueFd(parent);
  }
  return false;
}

}  // namespace devenv::sys

// SPDX-License-Identifier: MIT
#include "env/sys/kernel_calls.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "env/sys/unique_fd.hpp"

namespace devenv::sys {
namespace {

CallState state_of(long result) {
  if (result != -1) {
    return CallState::available;
  }
  // Any other error comes from the call itself.
  return errno == ENOSYS  ? CallState::missing
         : errno == EPERM ? CallState::refused
                          : CallState::available;
}

CallState probe_open_tree() {
  const long fd = ::syscall(SYS_open_tree, AT_FDCWD, "/", O_CLOEXEC);
  const CallState state = state_of(fd);
  const UniqueFd closed(static_cast<int>(fd));
  return state;
}

CallState probe_openat2() {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  const long fd = ::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
  const CallState state = state_of(fd);
  const UniqueFd closed(static_cast<int>(fd));
  return state;
}

CallState probe_pidfd() {
  const long fd = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  const CallState state = state_of(fd);
  const UniqueFd closed(static_cast<int>(fd));
  return state;
}

/// Joining the namespace that this process is in. Older kernels take a pidfd for a descriptor that
/// is none of a namespace (EINVAL); newer ones get as far as asking for capabilities (EPERM).
CallState probe_setns() {
  const UniqueFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!self.valid()) {
    return CallState::missing;
  }
  const bool known = ::setns(self.get(), CLONE_NEWUTS) == 0 || errno == EPERM;
  return known ? CallState::available : CallState::missing;
}

/// With a size that no version of the structure has had.
CallState probe_mount_setattr() {
  return state_of(::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0));
}

}  // namespace

std::vector<KernelCall> probe_kernel_calls() {
  return {
      {.name = "open_tree", .since = "5.2", .state = probe_open_tree()},
      {.name = "pidfd_open", .since = "5.3", .state = probe_pidfd()},
      {.name = "openat2", .since = "5.6", .state = probe_openat2()},
      {.name = "setns with a pidfd", .since = "5.8", .state = probe_setns()},
      {.name = "mount_setattr", .since = "5.12", .state = probe_mount_setattr()},
  };
}

}  // namespace devenv::sys

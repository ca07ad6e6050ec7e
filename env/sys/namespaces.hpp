// SPDX-License-Identifier: MIT
// Namespaces, ids and capabilities of this process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::sys {

/// setns(2) with a pidfd (Linux 5.8): all namespaces of `flags` (CLONE_NEWUSER...) at once. This
/// process must be single-threaded. The working directory becomes the root afterwards.
Result<void> join_namespaces(int pidfd, int flags);
/// capset(2): none is left, as for any program of the user.
Result<void> drop_capabilities();
/// unshare(2) of the namespaces in `flags` (CLONE_NEWNET...).
Result<void> leave_namespaces(int flags);
/// The loopback interface of a new network namespace is down at first (network_namespaces(7)).
Result<void> bring_loopback_up();
/// sethostname(2).
Result<void> set_host_name(const std::string& name);

/// Becomes `uid`:`gid` for real, effective, saved and file system ids, without supplementary
/// groups. Works on ids of the current user namespace. Clears the dumpable flag (prctl(2)).
Result<void> become(std::uint32_t uid, std::uint32_t gid);
/// The ids that new files get, and that access is checked with (setfsuid(2), setfsgid(2)). The
/// other ids stay, so signals and ptrace are not affected.
void set_file_system_ids(std::uint32_t uid, std::uint32_t gid);

/// PR_SET_DUMPABLE 1: lets processes of the same user look at and join this one.
void make_dumpable();

/// The ids of the calling process.
struct Credentials {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t effective_uid = 0;
  std::vector<std::uint32_t> groups;
};
Result<Credentials> credentials();
/// geteuid(2).
std::uint32_t effective_uid();

/// prctl(PR_SET_NAME), at most 15 bytes: what ps and /proc/PID/comm show.
void set_process_name(const std::string& name);
/// setsid(2), ignoring failure when already a leader.
void start_session();
/// umask(2); gives the old one.
unsigned set_umask(unsigned mask);

/// Whether the user namespace of `pid` is the one with inode `user_namespace` or lies below it.
/// false also for processes that may not be looked at, which are none of ours.
bool is_in_user_namespace(pid_t pid, std::uint64_t user_namespace);

}  // namespace devenv::sys

// SPDX-License-Identifier: MIT
// Shared by start and stop only.
#pragma once

#include <sched.h>

#include <array>
#include <optional>

#include "env/session/plan.hpp"
#include "env/session/session.hpp"

namespace devenv::session {

/// What `devenv-guest hold` is called in /proc/PID/comm.
constexpr const char* kHolderName = "devenv-hold";

/// A namespace that is the environment's own when a share is off.
struct OwnNamespace {
  const char* share;
  const char* name;  ///< in /proc/PID/ns
  int flag;
};
constexpr std::array<OwnNamespace, 3> kOwnNamespaces = {{{"network", "net", CLONE_NEWNET},
                                                         {"ipc", "ipc", CLONE_NEWIPC},
                                                         {"hostname", "uts", CLONE_NEWUTS}}};

/// The process, if it is still the one that was recorded: opened first, compared afterwards, so
/// that it cannot be replaced in between.
std::optional<sys::UniqueFd> hold_process(pid_t pid, std::uint64_t start_time);

/// running.json, when it is of this boot; nullopt when there is none or it is damaged.
Result<std::optional<RunningRecord>> read_record(const instance::EnvironmentDirectory& environment);

/// false when the root is served by fuse-overlayfs and that process has ended.
bool file_system_alive(const RunningRecord& record);

/// What `stop` does; the caller has the start lock, so nobody starts it meanwhile.
Result<bool> end_everything(const instance::EnvironmentDirectory& environment,
                            std::chrono::milliseconds grace);

struct LockOwner {
  pid_t pid = -1;
  bool is_holder = false;  ///< else a file system server
};

/// Holders and file system servers that have the environment's lock, found by looking at all
/// processes: for when running.json is lost or damaged.
std::vector<LockOwner> find_lock_owners(const instance::EnvironmentDirectory& environment);

}  // namespace devenv::session

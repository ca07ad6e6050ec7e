// SPDX-License-Identifier: MIT
// An environment that a service happened to start must not end with it, nor keep it from ending:
// what keeps it alive gets a scope of its own from the user's service manager.
// Source: systemd.scope(5); org.freedesktop.systemd1(5), StartTransientUnit(); busctl(1);
// "Desktop Environments" at systemd.io for the rules on names; cgroups(7).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "env/session/session.hpp"

namespace devenv::session {

/// Whether a process with this /proc/PID/cgroup belongs to a service, which ends with all its
/// processes; not so scopes, as terminals and logins have. Pure.
bool belongs_to_service(std::string_view cgroup);

/// "devenv-fedora-1234.scope": the processes of an earlier start may still be in theirs.
std::string scope_name(std::string_view environment_name, pid_t holder);

/// What is called, without its first word: a scope with these processes and limits
/// (systemd.resource-control(5): MemoryMax, CPUQuota, TasksMax).
std::vector<std::string> scope_request(const std::string& scope,
                                       std::string_view environment_name,
                                       const std::vector<pid_t>& processes,
                                       const instance::Limits& limits = {});

/// Takes the holder of an environment that has just been started, its server, its broker and
/// `others` out of the service that this process belongs to, if it does. What does not work out is
/// logged: the environment then ends with the service. Costs the reading of one small file
/// otherwise.
void outlive_service(const instance::EnvironmentDirectory& environment,
                     const std::vector<pid_t>& others);

/// Puts the holder of an environment that has just been started, and its file system server, into a
/// scope with these limits. Errors: unsupported when there is no service manager of the user's, or
/// it may not do that.
Result<void> limit_environment(const instance::EnvironmentDirectory& environment,
                               const instance::Limits& limits);

/// This process joins the limits of a running environment: it goes into the holder's cgroup, by
/// itself or with the service manager's help. Errors: as above.
Result<void> join_limits(const RunningRecord& record);

}  // namespace devenv::session

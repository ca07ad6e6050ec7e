// SPDX-License-Identifier: MIT
// Shared by start and stop only.
#pragma once

#include <optional>

#include "env/session/plan.hpp"
#include "env/session/session.hpp"

namespace devenv::session {

/// The name that `devenv-guest hold` gives itself.
constexpr const char* kHolderName = "devenv-hold";

/// running.json, when it is of this boot; nullopt when there is none or it is damaged.
Result<std::optional<RunningRecord>> read_record(const instance::Environment& environment);

/// false when the root is served by fuse-overlayfs and that process has ended.
bool file_system_alive(const RunningRecord& record);

/// The holder that has the environment's lock, found by its open files: for when running.json is
/// lost or damaged.
std::optional<pid_t> find_lock_holder(const instance::Environment& environment);

}  // namespace devenv::session

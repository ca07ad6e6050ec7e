// SPDX-License-Identifier: MIT
// What a start mounts, decided before the first mount. Pure.
#pragma once

#include <string>

#include "env/host/facts.hpp"
#include "env/sandbox/mount_plan.hpp"
#include "env/sys/users.hpp"

namespace devenv::session {

/// Everything the plan depends on.
struct PlanInput {
  std::string environment_name;
  std::string image_reference;
  std::string image_digest;
  std::string session_id;
  sys::User user;
  host::Facts facts;
  std::string guest_program;  ///< devenv-guest on the host
};

/// Where things of ours are inside; a file system in memory, gone with the environment's last
/// process.
constexpr const char* kOursInside = "/run/devenv";
constexpr const char* kSessionFileInside = "/run/devenv/session";

sandbox::MountPlan plan_mounts(const PlanInput& input);

}  // namespace devenv::session

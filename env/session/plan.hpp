// SPDX-License-Identifier: MIT
// What a start mounts, decided before the first mount. Pure.
#pragma once

#include <string>
#include <vector>

#include "env/host/facts.hpp"
#include "env/host/nvidia.hpp"
#include "env/host/shares.hpp"
#include "env/instance/environment.hpp"
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
  host::ShareChoice shares;
  std::string private_home;         ///< on the host: used when the home is not shared
  std::string private_directories;  ///< on the host: below it, what is in place of the home's own
  std::string guest_program;        ///< devenv-guest on the host
  /// Run on the host when the image has none: see find_host_programs.
  std::vector<std::string> host_programs;
  std::vector<instance::ExtraMount> mounts;
  bool host_root = true;     ///< see Spec::host_root
  host::NvidiaFacts nvidia;  ///< empty when it is not shared
};

/// Where things of ours are inside; a file system in memory, gone with the environment's last
/// process.
constexpr const char* kOursInside = "/run/devenv";
constexpr const char* kSessionFileInside = "/run/devenv/session";
/// Programs of ours, and links to them; behind the image's own in the PATH.
constexpr const char* kProgramsInside = "/run/devenv/bin";
/// The host's root, and what lies in it of things that are linked.
constexpr const char* kHostRootInside = "/run/host";
/// Searched for data (XDG_DATA_DIRS) after the image's own.
constexpr const char* kDataInside = "/run/devenv/share";
/// NVIDIA's driver (nvidia.hpp).
constexpr const char* kNvidiaInside = "/run/devenv/nvidia";
constexpr const char* kNvidiaDataInside = "/run/devenv/nvidia/share";

/// XDG_RUNTIME_DIR inside; "" when there is none.
std::string runtime_directory_inside(const host::ShareChoice& shares,
                                     const std::string& runtime_directory,
                                     HostUid uid);

sandbox::MountPlan plan_mounts(const PlanInput& input);

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
// The root of a starting environment, from within its new namespaces.
#pragma once

#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/instance/environment.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sandbox/mount_plan.hpp"
#include "env/sandbox/storage.hpp"
#include "env/session/inside.hpp"
#include "env/session/launch.hpp"
#include "env/session/library_cache.hpp"
#include "env/session/running_internal.hpp"
#include "env/sys/users.hpp"

namespace devenv::session {

/// Namespaces beside those of users and mounts, for what is not shared with the host.
std::vector<OwnNamespace> own_namespaces(const host::ShareChoice& shares);

/// What a root is put together from; everything is looked up before the first fork.
struct RootInput {
  const instance::Environment& environment;
  const sandbox::RootLayout& layout;
  const sandbox::IdMap& map;
  const sandbox::MountPlan& plan;
  const DriverLibraries& libraries;
  const sys::User& user;
  std::string group_name;  ///< of the user
  int lock = -1;
  int door = -1;  ///< see HostDoor
};

/// Called as the user with all capabilities: mounts the root, provisions it, mounts what is shared
/// into it and makes it the caller's root.
Result<Prepared> prepare_root(const RootInput& input);

}  // namespace devenv::session

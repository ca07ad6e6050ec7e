// SPDX-License-Identifier: MIT
// What package managers have downloaded, kept for the next environment.
#pragma once

#include <string>

#include "env/base/app_paths.hpp"
#include "env/base/result.hpp"
#include "env/instance/workspace.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::build {

/// A cache that is ours alone as long as this lives: package managers take no second one's presence
/// well.
struct PackageCache {
  std::string directory;
  sys::FileLock lock;
};

/// "apt-debian-13"; made when it is not there. Waits for whoever has it.
Result<PackageCache> open_package_cache(const AppPaths& paths, const std::string& name);

bool has_package_caches(const AppPaths& paths);
/// Deletes all but those in use; their files belong to ids of the map.
Result<void> remove_package_caches(const instance::Workspace& workspace);

}  // namespace devenv::build

// SPDX-License-Identifier: MIT
#include "env/build/package_cache.hpp"

#include "env/base/format.hpp"
#include "env/instance/staging.hpp"
#include "env/sys/file.hpp"

namespace devenv::build {

Result<PackageCache> open_package_cache(const AppPaths& paths, const std::string& name) {
  const std::string directory = format("{}/packages/{}", paths.cache, name);
  // Readable for all: some managers fetch as a user of their own.
  TRY(sys::make_directories(directory, 0755));
  TRY_ASSIGN(sys::FileLock lock,
             sys::FileLock::acquire(directory + ".lock", sys::LockMode::exclusive));
  return PackageCache{directory, std::move(lock)};
}

Result<void> remove_package_caches(const instance::Workspace& workspace) {
  const std::string parent = workspace.paths.cache + "/packages";
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  const auto names = sys::list_directory(parent);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const std::string directory = format("{}/{}", parent, name);
    if (!sys::is_directory(directory)) {
      continue;
    }
    TRY_ASSIGN(const auto lock,
               sys::FileLock::try_acquire(directory + ".lock", sys::LockMode::exclusive));
    if (lock) {
      TRY(instance::delete_in_namespace(map, directory));
    }
  }
  return {};
}

}  // namespace devenv::build

// SPDX-License-Identifier: MIT
#include "env/build/package_cache.hpp"

#include "env/base/format.hpp"
#include "env/instance/staging.hpp"
#include "env/sys/file.hpp"

namespace devenv::build {
namespace {

std::string parent_of_caches(const AppPaths& paths) {
  return paths.cache + "/packages";
}

std::vector<std::string> package_caches(const AppPaths& paths) {
  const std::string parent = parent_of_caches(paths);
  const auto names = sys::list_directory(parent);
  std::vector<std::string> directories;
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const std::string path = format("{}/{}", parent, name);
    if (sys::is_directory(path)) {  // beside each is its lock
      directories.push_back(path);
    }
  }
  return directories;
}

}  // namespace

Result<PackageCache> open_package_cache(const AppPaths& paths, const std::string& name) {
  const std::string directory = format("{}/{}", parent_of_caches(paths), name);
  // Readable for all: some managers fetch as a user of their own.
  TRY(sys::make_directories(directory, 0755));
  TRY_ASSIGN(sys::FileLock lock,
             sys::FileLock::acquire(directory + ".lock", sys::LockMode::exclusive));
  return PackageCache{directory, std::move(lock)};
}

bool has_package_caches(const AppPaths& paths) {
  return !package_caches(paths).empty();
}

Result<void> remove_package_caches(const instance::Workspace& workspace) {
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  for (const std::string& directory : package_caches(workspace.paths)) {
    TRY_ASSIGN(const auto lock,
               sys::FileLock::try_acquire(directory + ".lock", sys::LockMode::exclusive));
    if (lock) {
      TRY(instance::delete_in_namespace(map, directory));
    }
  }
  return {};
}

}  // namespace devenv::build

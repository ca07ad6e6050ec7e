// SPDX-License-Identifier: MIT
#include "env/build/package_cache.hpp"

#include "env/base/format.hpp"
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

}  // namespace devenv::build

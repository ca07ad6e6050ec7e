// SPDX-License-Identifier: MIT
// Environments on their way: directories that are not complete yet, or not wanted any more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/image/store.hpp"
#include "env/instance/environment.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::instance {

/// Deletes a directory whose files may belong to any id of the map.
Result<void> delete_in_namespace(const sandbox::IdMap& map, const std::string& directory);

/// Removes the staging directory unless it became an environment.
class Staging {
 public:
  Staging(std::string directory, const sandbox::IdMap& map)
      : directory_(std::move(directory)), map_(map) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    if (!directory_.empty()) {
      (void)delete_in_namespace(map_, directory_);
    }
  }
  const std::string& directory() const { return directory_; }
  void commit() { directory_.clear(); }

 private:
  std::string directory_;
  const sandbox::IdMap& map_;
};

/// Whether whoever made the directory is gone: its lock is free, and stays ours as long as the
/// result lives. One without a lock file may have been made a moment ago, or be almost removed.
struct Leftover {
  std::optional<sys::FileLock> lock;
};
std::optional<Leftover> take_leftover(const std::string& directory);

/// Writes spec, state, and the directories of the root. Errors: those of sandbox::prepare_storage.
Result<void> fill_directory(const std::string& directory,
                            const Environment& environment,
                            const image::Store& store,
                            const sandbox::IdMap& map);

/// Keeps layers from being pruned while the result lives.
/// Errors: conflict when one is not there (any more).
Result<std::vector<sys::FileLock>> lock_layers(const image::Store& store,
                                               const std::vector<Digest>& layers);

/// The lock that says "running", taken for as long as the result lives.
/// Errors: conflict when it is running.
Result<sys::FileLock> lock_stopped(const EnvironmentDirectory& environment);

}  // namespace devenv::instance

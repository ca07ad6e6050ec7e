// SPDX-License-Identifier: MIT
// A root to run a step in: an environment without a name, of which only what the step changed is
// kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/instance/environment.hpp"
#include "env/instance/workspace.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::build {

class Scratch {
 public:
  /// Nothing of the host is in it but its network, what `mounts` say, what is put into
  /// project_directory(), and what every environment has. The layers must not be pruned meanwhile.
  /// Errors: those of creating an environment.
  static Result<Scratch> create(const instance::Workspace& workspace,
                                const std::vector<Digest>& layers,
                                const std::vector<std::string>& image_environment,
                                std::vector<instance::ExtraMount> mounts);
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&&) = delete;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  /// Ends what still runs in it, and removes it.
  ~Scratch();

  const instance::Environment& environment() const { return environment_; }
  const sandbox::IdMap& map() const { return map_; }
  /// For what is the step's and on the host's side of it.
  std::string side_directory() const { return environment_.directory + "/side"; }
  /// On the host; kProjectInside in it.
  std::string project_directory() const { return environment_.directory + "/project"; }
  /// The trees of its layers, topmost first.
  const std::vector<std::string>& layer_trees() const { return trees_; }

 private:
  Scratch(instance::Environment environment, sandbox::IdMap map, sys::FileLock lock)
      : environment_(std::move(environment)), map_(std::move(map)), lock_(std::move(lock)) {}

  instance::Environment environment_;
  sandbox::IdMap map_;
  std::optional<sys::FileLock> lock_;  ///< says that somebody still works on it
  std::vector<std::string> trees_;
};

/// Removes those whose builder was killed.
void sweep_scratches(const instance::Workspace& workspace);

}  // namespace devenv::build

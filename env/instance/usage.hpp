// SPDX-License-Identifier: MIT
// What everything takes on the disk, and what is shared.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

/// Bytes of blocks, as du(1) counts them: a file with several names once. Blocks that files share
/// (FICLONE) are counted for each.
struct ImageUsage {
  std::string reference;
  std::uint64_t total_bytes = 0;  ///< of all its layers
  std::uint64_t own_bytes = 0;    ///< of those that nothing else needs
};
struct EnvironmentUsage {
  std::string name;
  std::uint64_t own_bytes = 0;    ///< its changes and files: what rm gives back
  std::uint64_t below_bytes = 0;  ///< of the layers it stands on
};

struct Usage {
  std::vector<ImageUsage> images;              ///< sorted by name
  std::vector<EnvironmentUsage> environments;  ///< sorted by name
  std::uint64_t layer_bytes = 0;               ///< of all layers, each once
  std::size_t layers = 0;
  std::uint64_t unused_bytes = 0;   ///< of layers that neither an image nor an environment needs
  std::uint64_t other_bytes = 0;    ///< of the store: documents, features, unfinished work
  std::uint64_t package_bytes = 0;  ///< what package managers have downloaded for projects

  std::uint64_t total_bytes() const;
};

/// Who needs which layers, and what each takes: the sums. Pure.
struct LayerUsers {
  std::map<Digest, std::uint64_t> layers;                  ///< bytes of each
  std::map<std::string, std::set<Digest>> images;          ///< by reference
  std::map<std::string, std::set<Digest>> environments;    ///< by name
  std::map<std::string, std::uint64_t> environment_bytes;  ///< their own
};
Usage sum_up(const LayerUsers& users);

/// Looks at every file of the store and of all environments.
Result<Usage> measure_usage(const Workspace& workspace);

}  // namespace devenv::instance

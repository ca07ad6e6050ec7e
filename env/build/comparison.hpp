// SPDX-License-Identifier: MIT
// What was changed by hand in an environment, beside what other layers would bring.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::build {

/// Paths are relative to the root.
struct Comparison {
  struct Access {
    std::string path;
    mode_t mode = 0;
    uid_t uid = 0;
    gid_t gid = 0;
  };

  std::vector<std::string> conflicts;   ///< changed on both sides
  std::vector<std::string> accounts;    ///< account files of both sides: to be merged
  std::vector<std::string> superseded;  ///< made anew by programs: to be removed from upper
  std::vector<Access> directories;      ///< not changed by hand: what they have in the new layers
};

/// Compares the `upper` directory of an overlay with the trees of layers, each topmost first:
/// `layers` are those that come or go, `before` and `after` all that lie below, then and now. Call
/// it as namespace root.
Result<Comparison> compare_with_layers(int upper,
                                       const std::vector<std::string>& layers,
                                       const std::vector<std::string>& before,
                                       const std::vector<std::string>& after);

}  // namespace devenv::build

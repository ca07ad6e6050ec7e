// SPDX-License-Identifier: MIT
// Many layers become one tree.
#pragma once

#include <string>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::sandbox {

/// Copies what an overlay of `layers` (topmost first) would show into the directory `target`, which
/// exists and is empty: owners, modes, times and attributes as in the layers, hard links within a
/// layer kept, file contents shared where the file system can. Called as root of the namespace.
Result<void> flatten_layers(const std::vector<std::string>& layers, const std::string& target);

/// Copies one tree as it is into the directory `target`, which exists and is empty: also the marks
/// of an overlay file system (whiteouts, attributes), so that it can be an `upper` or a layer
/// again. Sockets and device nodes are left out. Called as root of the namespace.
Result<void> copy_tree(const std::string& tree, const std::string& target);

}  // namespace devenv::sandbox

// SPDX-License-Identifier: MIT
// The directories of a root as descriptors, and the short names these have below /proc.
#pragma once

#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/sandbox/storage.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sandbox {

/// Open directories (O_PATH). A path may hold ':' and ',' and be long; "/proc/self/fd/7" never
/// does, so hundreds of layers fit into one page of mount options without any quoting.
struct LayerFds {
  std::vector<sys::UniqueFd> lower;  ///< topmost first
  sys::UniqueFd upper;
  sys::UniqueFd work;
  sys::UniqueFd mount_point;
};

/// Errors: not_found with the directory; usage without any layer.
Result<LayerFds> open_layers(const RootLayout& layout);

/// "/proc/self/fd/N"
std::string fd_path(int fd);

}  // namespace devenv::sandbox

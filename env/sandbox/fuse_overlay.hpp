// SPDX-License-Identifier: MIT
// The root served by the host's fuse-overlayfs.
#pragma once

#include "env/base/result.hpp"
#include "env/sandbox/storage.hpp"

namespace devenv::sandbox {

/// See mount_root. Errors: unsupported without the program or /dev/fuse; what the program said.
Result<MountedRoot> mount_fuse_overlay(const RootLayout& layout, int kept_fd);

}  // namespace devenv::sandbox

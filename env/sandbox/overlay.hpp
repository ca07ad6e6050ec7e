// SPDX-License-Identifier: MIT
// The kernel's overlay file system in a user namespace.
#pragma once

#include "env/base/result.hpp"
#include "env/sandbox/storage.hpp"

namespace devenv::sandbox {

/// Mounts by the newest way that the kernel and a seccomp filter around us allow.
Result<MountedRoot> mount_overlay(const RootLayout& layout);

/// With fsopen(2) and one lowerdir+ per layer (Linux 6.8). The kernel explains its refusals.
Result<MountedRoot> mount_overlay_by_context(const RootLayout& layout);

/// With mount(2): all options in one page.
Result<MountedRoot> mount_overlay_by_page(const RootLayout& layout);

}  // namespace devenv::sandbox

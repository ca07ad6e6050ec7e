// SPDX-License-Identifier: MIT
// The kernel's overlay file system in a user namespace.
#pragma once

#include "env/base/result.hpp"
#include "env/sandbox/storage.hpp"

namespace devenv::sandbox {

/// Whether changes survive a crash. Unmounting writes the whole file system of upper out to its
/// disk, which takes as long as the disk is busy; what is thrown away at once need not wait for
/// that.
enum class Durability { kept, thrown_away };

/// Mounts by the newest way that the kernel and a seccomp filter around us allow.
Result<MountedRoot> mount_overlay(const RootLayout& layout,
                                  Durability durability = Durability::kept);

/// With fsopen(2) and one lowerdir+ per layer (Linux 6.8). The kernel explains its refusals.
Result<MountedRoot> mount_overlay_by_context(const RootLayout& layout,
                                             Durability durability = Durability::kept);

/// With mount(2): all options in one page.
Result<MountedRoot> mount_overlay_by_page(const RootLayout& layout,
                                          Durability durability = Durability::kept);

}  // namespace devenv::sandbox

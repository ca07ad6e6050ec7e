// SPDX-License-Identifier: MIT
// Which extended attributes of an image reach the disk.
#pragma once

#include <string_view>

#include "env/image/layer/entry.hpp"

namespace devenv::image {

constexpr const char* kOpaqueAttribute = "user.overlay.opaque";
constexpr const char* kCapabilityAttribute = "security.capability";
constexpr const char* kAccessAclAttribute = "system.posix_acl_access";
constexpr const char* kDefaultAclAttribute = "system.posix_acl_default";

/// Kept: user.* on files and directories, security.capability on files, POSIX ACLs.
///
/// Not kept: what steers overlayfs and fuse-overlayfs (an image could point into other layers),
/// labels and hashes of the machine that made the image (selinux, ima, evm...), trusted.*.
bool keeps_attribute(std::string_view name, EntryKind kind);

/// Whether an open directory of a layer hides what the layers below have in it.
bool is_opaque(int directory);

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
#include "env/image/layer/attributes.hpp"

#include "env/sys/lean.hpp"

namespace devenv::image {
namespace {

/// user.* attributes that an overlay file system gives a meaning of its own. Sources:
/// Documentation/filesystems/overlayfs.rst, "User xattr"; fuse-overlayfs(1), "xattr_permissions".
bool steers_overlay(std::string_view name) {
  return name.starts_with("user.overlay.") || name.starts_with("user.fuseoverlayfs.") ||
         name.starts_with("user.containers.");
}

}  // namespace

bool keeps_attribute(std::string_view name, EntryKind kind) {
  const bool file = kind == EntryKind::regular;
  const bool directory = kind == EntryKind::directory;
  if (name.starts_with("user.")) {
    return (file || directory) && !steers_overlay(name);
  }
  if (name == kCapabilityAttribute) {
    return file;
  }
  if (name == kAccessAclAttribute) {
    return file || directory;
  }
  return name == kDefaultAclAttribute && directory;
}

bool is_opaque(int directory) {
  // Linux 6.7 knows "x" as well, which is about something else.
  return sys::lean::has_xattr(directory, kOpaqueAttribute) &&
         sys::lean::xattr_value(directory, kOpaqueAttribute).value_or("") == "y";
}

}  // namespace devenv::image

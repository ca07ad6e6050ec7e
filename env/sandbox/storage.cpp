// SPDX-License-Identifier: MIT
#include "env/sandbox/storage.hpp"

#include <fcntl.h>

#include <array>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/flatten.hpp"
#include "env/sandbox/fuse_overlay.hpp"
#include "env/sandbox/overlay.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"

namespace devenv::sandbox {
namespace {

constexpr std::string_view kAutomatic = "auto";

/// In the order in which they are preferred.
constexpr std::array<std::pair<StorageDriver, std::string_view>, 3> kDrivers = {{
    {StorageDriver::overlay, "overlay"},
    {StorageDriver::fuse_overlayfs, "fuse-overlayfs"},
    {StorageDriver::copy, "copy"},
}};

/// A private tree needs no file system of its own, but pivot_root needs a mount.
Result<MountedRoot> mount_copy(const RootLayout& layout) {
  TRY_ASSIGN(sys::UniqueFd root, sys::clone_mount(layout.upper, sys::Recursion::no));
  TRY_ASSIGN(const sys::UniqueFd target, sys::open_file(layout.mount_point, O_PATH | O_DIRECTORY));
  TRY(sys::attach_mount(root.get(), target.get()));
  return MountedRoot{.root = std::move(root)};
}

/// An overlay shows the root directory of upper, whatever that of the layers looks like.
Result<void> take_over_root(const std::string& layer, const std::string& upper) {
  TRY_ASSIGN(const auto info, sys::stat_path(layer));
  if (!info) {
    return fail(ErrorCode::not_found, format("layer '{}' is missing", layer));
  }
  TRY(sys::set_owner_at(AT_FDCWD, upper, info->st_uid, info->st_gid));
  return sys::set_mode_at(AT_FDCWD, upper, info->st_mode);
}

}  // namespace

std::string_view to_string(StorageDriver driver) {
  for (const auto& [value, name] : kDrivers) {
    if (value == driver) {
      return name;
    }
  }
  return kAutomatic;
}

Result<std::optional<StorageDriver>> parse_storage_preference(std::string_view text) {
  if (text == kAutomatic) {
    return std::nullopt;
  }
  std::vector<std::string> names = {std::string(kAutomatic)};
  for (const auto& [value, name] : kDrivers) {
    if (name == text) {
      return value;
    }
    names.emplace_back(name);
  }
  return fail(Error(ErrorCode::usage, format("unknown storage driver '{}'", text::sanitize(text)))
                  .with_hint(format("choose one of {}", join(names, ", "))));
}

Result<void> prepare_storage(StorageDriver driver, const RootLayout& layout) {
  TRY(sys::make_directories(layout.upper, 0755));
  if (driver == StorageDriver::copy) {
    TRY_CONTEXT(flatten_layers(layout.lower, layout.upper), "cannot copy the image");
    return {};
  }
  TRY(sys::make_directories(layout.work, 0755));
  if (!layout.lower.empty()) {
    TRY_CONTEXT(take_over_root(layout.lower.front(), layout.upper),
                "cannot prepare the directory of changes");
  }
  return {};
}

Result<MountedRoot> mount_root(StorageDriver driver, const RootLayout& layout, int kept_fd) {
  switch (driver) {
    case StorageDriver::overlay:
      return mount_overlay(layout);
    case StorageDriver::fuse_overlayfs:
      return mount_fuse_overlay(layout, kept_fd);
    case StorageDriver::copy:
      return mount_copy(layout);
  }
  return fail(ErrorCode::usage, "unknown storage driver");
}

}  // namespace devenv::sandbox

// SPDX-License-Identifier: MIT
// How the root file system of an environment is put together from image layers and changes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sandbox {

/// Chosen once per environment and recorded: the two overlays write different marks into `upper`.
enum class StorageDriver {
  overlay,         ///< kernel overlayfs with userxattr (Linux 5.11)
  fuse_overlayfs,  ///< the fuse-overlayfs program
  copy,            ///< a private full tree: reflinks where the file system can, else plain copies
};

/// "overlay", "fuse-overlayfs", "copy".
std::string_view to_string(StorageDriver driver);
/// Also "auto", which is nullopt. Errors: usage.
Result<std::optional<StorageDriver>> parse_storage_preference(std::string_view text);

/// What a root is made of. All paths are absolute on the host.
struct RootLayout {
  std::vector<std::string> lower;  ///< layer trees, topmost first; up to 500
  std::string upper;               ///< changes (overlays) or the whole tree (copy)
  std::string work;                ///< overlay work directory, beside upper
  std::string mount_point;         ///< an empty directory to mount on before pivot_root
};

/// Tries each driver in order with a real mount below `directory` (which must be on the file system
/// of the environments) in a user namespace with `map`: whiteout, opaque directory and copy-up must
/// work. The first that works, or `preference` itself. Errors: unsupported, with the reason of each
/// driver that was tried as causes or hint; failed when the disk is full, which says nothing of
/// them.
Result<StorageDriver> choose_storage(std::optional<StorageDriver> preference,
                                     const IdMap& map,
                                     const std::string& directory);

/// Whether one driver works, for doctor: an Error says why not.
Result<void> probe_storage(StorageDriver driver, const IdMap& map, const std::string& directory);

/// Prepares upper and work of a new environment (as namespace root): they are made where missing,
/// and upper gets the owner and mode that the root directory of the layers has; for `copy` the
/// layers are flattened into upper. Undone by removing the directories. Called once, in the
/// namespace.
Result<void> prepare_storage(StorageDriver driver, const RootLayout& layout);

/// What keeps a mounted root alive.
struct MountedRoot {
  sys::UniqueFd root;     ///< O_PATH on the root directory, a mount point
  pid_t server_pid = -1;  ///< the fuse-overlayfs process; -1 for the others
};

/// Mounts the root on layout.mount_point. Called in a user and mount namespace of our own with all
/// capabilities, before pivot_root. `kept_fd` (the environment's lock, or -1) stays open in the
/// server, which is a child of this process in a session and mount namespace of its own: it ends by
/// itself when the last mount namespace with the root is gone, and gives the lock back then.
/// Errors: say which driver and why; the kernel's own explanation when it gives one.
Result<MountedRoot> mount_root(StorageDriver driver, const RootLayout& layout, int kept_fd);

}  // namespace devenv::sandbox

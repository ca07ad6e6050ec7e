// SPDX-License-Identifier: MIT
// Mount system calls. Targets are descriptors: no path is resolved a second time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {

enum class Propagation { slave, private_ };
enum class Recursion { yes, no };

/// Changes how mounts below `path` pass events (mount_namespaces(7)).
Result<void> set_propagation(const std::string& path, Propagation propagation, Recursion recursion);

/// A detached copy of the mount at `path` (open_tree(2) with OPEN_TREE_CLONE, Linux 5.2): what a
/// bind mount would show, to be attached later. Automounts are not triggered.
Result<UniqueFd> clone_mount(const std::string& path, Recursion recursion);

/// Attaches a detached mount on the directory or file that `target` (O_PATH) is open on.
Result<void> attach_mount(int mount, int target);

/// Makes the mount (and with Recursion::yes everything below) read-only.
///
/// mount_setattr(2) (Linux 5.12); before that a remount of each mount below, keeping the flags that
/// a user namespace may not clear. `mount` must be attached for the fallback.
Result<void> make_read_only(int mount, Recursion recursion);

/// mount(2) of a new file system on `target`. `data` is at most one page.
Result<void> mount_file_system(const std::string& type,
                               const std::string& source,
                               int target,
                               std::uint64_t flags,
                               const std::string& data);

/// A detached new file system (fsopen(2), fsconfig(2), fsmount(2); Linux 5.2).
/// `options` are set in order; an empty value sets a flag. The kernel's own explanation is in the
/// error when there is one.
struct FsOption {
  std::string key;
  std::string value;
};
Result<UniqueFd> create_file_system(const std::string& type, const std::vector<FsOption>& options);

/// Makes `new_root` (an open directory that is a mount point) the root of this mount namespace and
/// detaches the old one. The working directory becomes "/". Source: pivot_root(2), "pivot_root(".",
/// ".")".
Result<void> change_root(int new_root);

/// umount2(2) with MNT_DETACH.
Result<void> detach_mount(const std::string& path);

/// Which mount a descriptor is on: bind mounts of one file system differ here. 0 if unknown.
/// Source: proc(5), /proc/pid/fdinfo (Linux 3.15).
std::uint64_t mount_id(int fd);

/// One line of /proc/PID/mountinfo. Source: proc(5).
struct MountInfo {
  std::uint64_t id = 0;
  std::string mount_point;  ///< unescaped
  std::string type;
  std::string source;
  std::string options;  ///< per-mount options
};
/// Lines that cannot be parsed are left out.
std::vector<MountInfo> parse_mountinfo(std::string_view text);

}  // namespace devenv::sys

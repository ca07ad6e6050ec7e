// SPDX-License-Identifier: MIT
// Entries of an open directory: made, changed and copied by name. A link in the last component is
// never followed, so a name that an image chose does not lead elsewhere.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "env/base/result.hpp"

namespace devenv::sys {

/// mkdirat(2); `mode` whatever the umask. Errors: conflict when there is something already.
Result<void> make_directory_at(int directory, const std::string& name, mode_t mode);
/// symlinkat(2).
Result<void> make_symlink_at(int directory, const std::string& name, const std::string& target);
/// mknodat(2) for a FIFO, or the character device 0:0 that overlayfs takes for a deleted file.
Result<void> make_node_at(int directory, const std::string& name, mode_t mode, dev_t device);
/// linkat(2): `name` becomes another name of the file `from_name`.
Result<void> make_hard_link_at(int from_directory,
                               const std::string& from_name,
                               int directory,
                               const std::string& name);
/// renameat(2), replacing a file.
Result<void> rename_at(int directory, const std::string& from, const std::string& to);
/// unlinkat(2) of anything but a directory.
Result<void> remove_file_at(int directory, const std::string& name);
/// unlinkat(2) of an empty directory.
Result<void> remove_directory_at(int directory, const std::string& name);
Result<std::string> read_link_at(int directory, const std::string& name);

/// fchownat(2); "" is the file that `directory` is open on. Ids of the current user namespace.
/// Clears setuid bits: set the mode afterwards.
Result<void> set_owner_at(int directory,
                          const std::string& name,
                          std::uint32_t uid,
                          std::uint32_t gid);
/// fchmodat(2). Errors: unsupported for a link.
Result<void> set_mode_at(int directory, const std::string& name, mode_t mode);
/// utimensat(2) for both times.
Result<void> set_modified_at(int directory, const std::string& name, const struct timespec& time);

/// Fills the empty file `to` with what `from` holds: sharing the blocks where the file system can
/// (FICLONE, ioctl_ficlone(2)), else copying; holes stay holes.
Result<void> copy_contents(int from, int to);

/// How many bytes of the disk `to` would give back if it used the blocks of `from`: 0 when it does,
/// or has none (holes, contents that lie with the inode); nullopt when the files differ.
/// Source: Documentation/filesystems/fiemap.rst.
Result<std::optional<std::uint64_t>> shareable_bytes(int from, int to);
/// Lets the file `to` use the blocks of `from`; both have the same `size` bytes, and the kernel
/// compares them. Errors: unsupported when the file system cannot, with these two.
/// Source: ioctl_fideduperange(2).
Result<void> share_blocks(int from, int to, std::uint64_t size);

}  // namespace devenv::sys

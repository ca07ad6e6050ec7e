// SPDX-License-Identifier: MIT
// Paths that come from an image: resolved beneath a root descriptor, never outside.
#pragma once

#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/file.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {

/// Opens `path` as if `root` were "/": absolute links, ".." and link chains stay inside; magic
/// links are refused.
///
/// openat2(2) with RESOLVE_IN_ROOT (Linux 5.6); where the kernel or a seccomp filter does not know
/// it, a walk by components with O_PATH|O_NOFOLLOW does the same.
Result<UniqueFd> open_in_root(int root, const std::string& path, int flags, mode_t mode = 0);

/// A path split so that its last component can be made, replaced or looked at without following it.
struct ParentInRoot {
  UniqueFd directory;
  std::string name;
};

/// Resolves all but the last component in the root. Errors: usage when `path` names the root
/// itself.
Result<ParentInRoot> open_parent_in_root(int root, const std::string& path);

/// mkdir -p within the root; links to directories on the way are followed inside it. The last
/// directory is returned. New directories get `mode`. Errors: conflict when a component is no
/// directory.
Result<UniqueFd> make_directories_in_root(int root, const std::string& path, mode_t mode = 0755);

/// Reads a regular file within the root; nullopt when there is none. A FIFO, device or directory
/// is an integrity error (CVE-2024-9676: it must not be waited for).
Result<std::optional<std::string>> read_file_in_root(int root,
                                                     const std::string& path,
                                                     std::size_t limit = 16U * 1024 * 1024);

/// The names in a directory within the root, sorted, without "." and "..".
/// Errors: not_found when there is none.
Result<std::vector<std::string>> list_directory_in_root(int root, const std::string& path);

/// Replaces a file within the root: temporary name and rename in the same directory. An existing
/// regular file keeps its mode and owner, a new one gets `mode`. A link at `path` is replaced, not
/// followed.
Result<void> write_file_in_root(int root,
                                const std::string& path,
                                std::string_view contents,
                                mode_t mode = 0644);

/// Makes `path` a symbolic link to `target`, replacing a file or link; no change when it is one.
/// Errors: conflict when a directory is in the way.
Result<void> make_symlink_in_root(int root, const std::string& path, const std::string& target);

/// rm -rf of `name` in `directory`, without following links or crossing into other file systems,
/// whatever the modes are. No error when there is nothing.
Result<void> remove_tree(int directory, const std::string& name);
Result<void> remove_tree(const std::string& path);

}  // namespace devenv::sys

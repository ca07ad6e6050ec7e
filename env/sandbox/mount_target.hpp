// SPDX-License-Identifier: MIT
// Places in the root of an environment: looked up as an image may have set traps (links that lead
// out, files where directories belong), and made where they are missing, owned by root inside.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sandbox {

/// A root that is being set up. In mounts of the host nothing is ever made: a link of the image
/// could lead there.
class Root {
 public:
  explicit Root(int fd) : fd_(fd), own_mounts_{sys::mount_id(fd)} {}
  int fd() const { return fd_; }
  /// A new file system of ours has been mounted in it.
  void add_own_mount(int mount) { own_mounts_.push_back(sys::mount_id(mount)); }
  /// Whether the directory is the environment's, not the host's.
  bool owns(int directory) const;

 private:
  int fd_;
  std::vector<std::uint64_t> own_mounts_;
};

/// The directory `path` (O_PATH), made with its parents when it is missing. A link that leads
/// nowhere is followed within the root, and the directory it names is made (/home -> var/home); but
/// where that would be the host's (/var/tmp -> /tmp), the link is replaced by a directory.
/// Errors: conflict when something else is there.
Result<sys::UniqueFd> directory_target(const Root& root, const std::string& path);

/// The file `path` (O_PATH), made empty when it is missing. Links are followed within the root.
/// Errors: conflict when a directory is there, or when it would have to be made in the host's.
Result<sys::UniqueFd> file_target(const Root& root, const std::string& path);

/// Errors: conflict when a component of `path` is a link.
Result<void> refuse_links(const Root& root, const std::string& path);

/// The directory in which the last component of `path` is or will be, made when it is missing.
/// Errors: conflict when it is the host's.
Result<sys::ParentInRoot> parent_target(const Root& root, const std::string& path);

/// Puts a new file, owned by root, in the place of whatever file or link `path` names. `fill`
/// writes it through the descriptor it gets. Mode is set at the end, so setuid bits stay.
Result<void> replace_file(const Root& root,
                          const std::string& path,
                          mode_t mode,
                          const std::function<Result<void>(int)>& fill);

}  // namespace devenv::sandbox

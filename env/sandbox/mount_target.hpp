// SPDX-License-Identifier: MIT
// Places in the root of an environment: looked up as an image may have set traps (links that lead
// out, files where directories belong), and made where they are missing, owned by root inside.
#pragma once

#include <functional>
#include <string>

#include "env/base/result.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sandbox {

/// The directory `path` (O_PATH), made with its parents when it is missing. A link that leads
/// nowhere is followed within the root, and the directory it names is made (/home -> var/home).
/// Errors: conflict when something else is there.
Result<sys::UniqueFd> directory_target(int root, const std::string& path);

/// The file `path` (O_PATH), made empty when it is missing. Links are followed within the root.
/// Errors: conflict when a directory is there.
Result<sys::UniqueFd> file_target(int root, const std::string& path);

/// The directory in which the last component of `path` is or will be, made when it is missing.
Result<sys::ParentInRoot> parent_target(int root, const std::string& path);

/// Puts a new file, owned by root, in the place of whatever file or link `path` names. `fill`
/// writes it through the descriptor it gets. Mode is set at the end, so setuid bits stay.
Result<void> replace_file(int root,
                          const std::string& path,
                          mode_t mode,
                          const std::function<Result<void>(int)>& fill);

}  // namespace devenv::sandbox

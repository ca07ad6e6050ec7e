// SPDX-License-Identifier: MIT
// A start makes files in directories of a root. When those are gone again, the directories still
// show when it was, and a layer of them would be another one each time.
#pragma once

#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/build/user_marks.hpp"

namespace devenv::build {

/// Of the directories `paths` ("etc/profile.d", deeper ones first), those are removed that have
/// nothing in them and hide nothing, where the layers below show one with the same owner, mode and
/// attributes, or have none and it is one that starts make. The others are no newer than the newest
/// of what is in them and the one below. As root of the namespace.
Result<void> quiet_directories(const MarkedTree& tree, const std::vector<std::string>& paths);

/// Removes a directory that has nothing in it but marks of fuse-overlayfs, which hide nothing any
/// more; its parent keeps its time. Errors: failed with errno, ENOTEMPTY above all.
Result<void> remove_bare_directory(int parent, const std::string& name);

}  // namespace devenv::build

// SPDX-License-Identifier: MIT
// What an overlay file system has written becomes the tree of a layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::image {

/// Gives the tree below the open directory `root`, the upper directory of an overlay that is not
/// mounted, the form that unpacking its own tar would give it: one form whichever program wrote it.
///
/// Marks of fuse-overlayfs (files .wh.NAME and .wh..wh..opq, user.fuseoverlayfs.opaque) become
/// those of the kernel; an empty file .wh.NAME is always taken for a mark, because fuse-overlayfs
/// would take it for one in any layer. Marks that hide nothing, sockets and device nodes, and
/// attributes that no layer keeps (user.overlay.impure, .origin...) are removed. Times of
/// directories stay. Runs as root of the namespace. What was removed that was not a mark, counted
/// by kind. Doing it twice is as good as once: a run that was interrupted is started over. Errors:
/// failed, naming the entry.
Result<std::vector<std::string>> normalize_tree(int root);

}  // namespace devenv::image

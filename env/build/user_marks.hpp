// SPDX-License-Identifier: MIT
// What a start writes for one user into a root: taken out again of what becomes a layer, which is
// everybody's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::build {

/// The files of /etc that have the user's entries, one line each.
std::vector<std::string_view> account_files();

/// `now` without the lines that `ours` has on top of `base`, and with those of `base` that `ours`
/// has not; what else was changed stays. Pure.
std::string undo_lines(std::string_view base, std::string_view ours, std::string_view now);

/// `above` with what `upper` has on top of, or has not of, `below`: lines are carried over. Pure.
std::string carry_lines(std::string_view below, std::string_view upper, std::string_view above);

/// A file as these trees (topmost first) show it; nullopt when there is none. As namespace root.
Result<std::optional<std::string>> read_in_trees(const std::vector<std::string>& trees,
                                                 const std::string& path);

/// A tree of changes, nothing of which is in use.
struct MarkedTree {
  std::string upper;
  std::vector<std::string> below;  ///< the trees of its layers, topmost first
  bool whole = false;              ///< it has all that is in them, too: of the driver `copy`
};

/// What starts have written for the user, links to the host and the empty home go from the tree.
Result<void> remove_marks(const MarkedTree& tree, const instance::Workspace& workspace);

}  // namespace devenv::build

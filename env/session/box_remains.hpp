// SPDX-License-Identifier: MIT
// What Distrobox and Toolbx leave in a box, taken out of an environment that was one.
#pragma once

#include "env/base/result.hpp"

namespace devenv::session {

/// Removes from the root what only works beside those tools: hooks of package managers that
/// unmount what the host shares, scripts of login shells that call the tool, the empty files that
/// it was mounted onto, and commands that are links to it. What else has their names stays: a tool
/// that the user installs inside is no empty file. Account files are provision's.
///
/// Called as provision is. An interrupted one is completed by the next start.
Result<void> remove_box_remains(int root);

}  // namespace devenv::session

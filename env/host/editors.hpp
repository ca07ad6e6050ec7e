// SPDX-License-Identifier: MIT
// Directories in the home that editors fill with programs for one distribution, when they edit over
// SSH. Shared by a host and several environments, they would hold programs of the wrong libc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::host {

/// Paths are relative to the home.
struct EditorServer {
  std::string_view name;
  /// Words separated by spaces: one that is there says that the user has the editor.
  std::string_view markers;
  /// What the editor makes on the other side of an SSH connection. That it is there is a marker,
  /// too.
  std::string_view directory;
};

std::span<const EditorServer> all_editor_servers();

/// The directories of editors that the user has, relative to the home. One that is (or lies below)
/// a symbolic link or is no directory is left out: the user has arranged something else.
std::vector<std::string> find_editor_directories(const std::string& home);

/// Makes each directory twice: in the home, where a mount needs it, and below `place`, for what is
/// mounted. What cannot be made is logged, and then shared as the rest of the home.
void make_editor_directories(const std::vector<std::string>& directories,
                             const std::string& home,
                             const std::string& place);

}  // namespace devenv::host

// SPDX-License-Identifier: MIT
// The entry in menus for an environment itself: a terminal in it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace devenv::exporting {

struct LauncherInput {
  std::string environment_name;
  std::string program;     ///< absolute path of devenv on the host
  std::string label;       ///< after the name; empty: none
  std::string os_release;  ///< contents of the environment's os-release(5); may be empty
  std::string icon;        ///< its name on the host
};

/// What stands for the environment when its image has no icon of its distribution.
std::string draw_icon(std::string_view os_release, std::string_view environment_name);

/// LOGO of os-release(5): the name of an icon; "" when it has none.
std::string logo_of(std::string_view os_release);

/// Terminal=true: the desktop knows which terminal its user wants.
std::string launcher_entry(const LauncherInput& input);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// From the desktop entry of a program inside to one for the host's menu. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/export/desktop_entry.hpp"

namespace devenv::exporting {

struct RewriteInput {
  std::string environment_name;
  std::string original_id;               ///< "org.gimp.GIMP.desktop"
  std::string exported_id;               ///< the same unless the host has one
  std::string source;                    ///< path inside: "/usr/share/applications/gimp.desktop"
  std::string program;                   ///< absolute path of devenv on the host
  std::string label;                     ///< put after Name: "fedora" gives "GIMP (fedora)"; or ""
  std::vector<std::string> run_options;  ///< of `devenv run`: "--env", "A=b", "--root"
  std::vector<std::string> extra_arguments;  ///< of the program, before its field codes
  /// From a value of Icon (see icon_names) to what it is called on the host. Those that keep their
  /// name need not be here.
  std::map<std::string, std::string> icons;
  /// The session's bus can start it: its activation file is exported, too.
  bool keep_bus_activation = false;
};

/// What of the original is kept, changed and left out is described in reference to the keys of the
/// specification in rewrite.cpp. Errors: failed for an entry that is no Application or has no Exec
/// that can be read.
Result<DesktopEntry> rewrite_entry(const DesktopEntry& original, const RewriteInput& input);

/// Every icon the entry names, those of its actions and those for single locales included, each
/// once; that of the main group without locale comes first.
std::vector<std::string> icon_names(const DesktopEntry& entry);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// What could be exported: the applications of an environment.
// Source: Desktop Entry Specification 1.5, "Desktop file ID"; XDG Base Directory Specification.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::exporting {

/// All text is safe for a terminal, but for `path` and `icon`, which are as they are.
struct App {
  std::string id;    ///< "org.gimp.GIMP.desktop"
  std::string path;  ///< inside, absolute
  std::string name;  ///< as the locale has it
  std::string untranslated_name;
  std::string icon;         ///< a name, or a path inside; empty: none
  bool no_display = false;  ///< not for menus: it opens files, or is a part of another

  bool operator==(const App&) const = default;
};

struct FoundApps {
  std::vector<App> apps;              ///< sorted by id
  std::vector<std::string> warnings;  ///< what could not be read, and why; safe for a terminal
};

/// The applications in "applications" below each of `data_directories` (absolute, inside, as in
/// XDG_DATA_DIRS: the first file of an id counts) and below its subdirectories, whose names become
/// part of the id. Only those of type Application that are not marked as deleted (Hidden). Links
/// lead nowhere but into `root`, a descriptor of the environment's root directory. Files of more
/// than 1 MiB, and those that are no desktop entries, hide no other of their id.
///
/// A home that is shared is the host's: leave its directory out, or the host's own applications are
/// found, and those that were exported before.
FoundApps find_apps(int root,
                    const std::vector<std::string>& data_directories,
                    std::string_view locale);

/// The applications that `query` names: by id, with or without ".desktop", else by path inside,
/// else by name (the locale's or the untranslated one, whole; a-z and A-Z are the same). Several
/// have the same name at times: the user is asked.
std::vector<App> choose_apps(const std::vector<App>& apps, std::string_view query);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// Where exported files go on the host, and what the host has there already.
// Source: XDG Base Directory Specification 0.8; Desktop Entry Specification 1.5, "Desktop File ID";
// systemd.unit(5).
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/users.hpp"

namespace devenv::exporting {

/// Absolute host paths without a slash at the end. Nothing is created here.
struct HostPlaces {
  std::string applications;   ///< desktop entries
  std::string icons;          ///< has "hicolor"
  std::string mime;           ///< has "packages"
  std::string dbus_services;  ///< activation files of the session bus
  std::string metainfo;
  std::string autostart;
  std::string user_units;
  std::string binaries;  ///< ~/.local/bin: no variable moves it (file-hierarchy(7))
  /// Where data is looked for, best first: XDG_DATA_HOME, then XDG_DATA_DIRS.
  std::vector<std::string> data_directories;
  std::string old_icons;  ///< ~/.icons, which comes before all of them

  std::string mime_packages() const { return mime + "/packages"; }
};

/// `get_variable` gives a variable's value or ""; values that are no absolute path count as unset.
/// Errors: unsupported when the user has no home directory.
Result<HostPlaces> host_places(const sys::User& user,
                               const std::function<std::string(const char*)>& get_variable);

/// Looks at each directory once, when it is first needed; what changes later is not seen.
class HostFiles {
 public:
  /// `ours`: absolute paths of files that were exported before, which do not count.
  HostFiles(HostPlaces places, std::set<std::string> ours)
      : places_(std::move(places)), ours_(std::move(ours)) {}

  /// "org.gimp.GIMP.desktop": a file of this id in any applications directory, hidden ones too.
  bool has_desktop_id(const std::string& id);

  /// Whether an icon of ours would take the place of one: hicolor and icons beside the themes. One
  /// in another theme does not count, because the user's theme is to win over our copy, as it does
  /// over any program's own icon.
  bool has_icon(const std::string& name);

  /// In any theme at all.
  bool has_themed_icon(const std::string& name);

 private:
  std::vector<std::string> icon_directories() const;
  void add_applications(const std::string& directory,
                        const std::string& prefix,
                        std::set<std::string>& seen);
  void add_icons(const std::string& directory, std::set<std::string>& icons) const;
  void add_theme(const std::string& name, std::set<std::string>& icons) const;

  HostPlaces places_;
  std::set<std::string> ours_;
  std::optional<std::set<std::string>> desktop_ids_;
  std::optional<std::set<std::string>> icons_;
  std::optional<std::set<std::string>> themed_icons_;
};

}  // namespace devenv::exporting

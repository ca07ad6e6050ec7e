// SPDX-License-Identifier: MIT
// The icon files inside an environment, found by name.
// Source: Icon Theme Specification 0.13, "Icon lookup".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "env/export/icon_theme.hpp"

namespace devenv::exporting {

/// One file that shows an icon.
struct IconFile {
  std::string path;      ///< inside, absolute
  std::string target;    ///< below the host's icons directory: "hicolor/48x48/apps/gimp.png"
  std::string contents;  ///< read through the environment's root
};

struct FoundIcon {
  /// What Icon= names on the host: without the extension that some files give there.
  std::string name;
  std::vector<IconFile> files;  ///< sorted by target; none when there is no such icon
};

/// Lists each directory once, and only when it is needed: for many programs, make one of these.
class IconIndex {
 public:
  /// `root` is a descriptor of the environment's root directory and stays the caller's;
  /// `data_directories` are its XDG_DATA_DIRS, best first.
  IconIndex(int root, const std::vector<std::string>& data_directories);

  /// Every size of an icon, one file for each directory of the host, and its symbolic variant.
  ///
  /// `icon` is a name as in Icon=, or an absolute path inside, which gives one file. A name is
  /// never taken for a part of another. It is looked for in hicolor, else in the first other theme
  /// that has it (the default theme inside, then any), else beside the themes and in
  /// /usr/share/pixmaps. Broken links, what is no regular file, and files of more than 4 MiB are
  /// left out. `name`: what it is called on the host instead, where its own name is taken. An
  /// absolute path has no name but that of its file, "logo", say: give one.
  FoundIcon find(const std::string& icon, const std::optional<std::string>& name = std::nullopt);

 private:
  /// One file of a theme: indexes of `icon_directories_` and of the theme's directories.
  struct Place {
    std::uint32_t base = 0;
    std::uint32_t directory = 0;
    IconFormat format = IconFormat::png;
  };
  struct Theme {
    IconTheme theme;
    bool listed = false;
    std::unordered_map<std::string, std::vector<Place>> icons;
  };

  std::optional<IconTheme> read_theme(const std::string& name) const;
  void read_other_themes();
  void list_theme(Theme& theme) const;
  void list_unthemed();

  std::optional<std::string> read(const std::string& path) const;
  std::vector<IconFile> find_in_theme(Theme& theme,
                                      const std::string& icon,
                                      const std::string& name) const;
  std::vector<IconFile> find_unthemed(const std::string& icon, const std::string& name);
  std::vector<IconFile> find_by_name(const std::string& icon, const std::string& name);
  FoundIcon find_by_path(const std::string& path, const std::optional<std::string>& name) const;

  int root_;
  std::vector<std::string> icon_directories_;  ///< "/usr/share/icons"
  Theme hicolor_;
  std::optional<std::vector<Theme>> others_;
  std::optional<std::map<std::string, std::vector<std::string>>> unthemed_;  ///< paths
};

}  // namespace devenv::exporting

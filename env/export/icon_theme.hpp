// SPDX-License-Identifier: MIT
// Icon themes: what index.theme says, and where a file of a certain size belongs. Pure.
// Source: Icon Theme Specification 0.13, "Directory layout", "File formats".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::exporting {

/// A directory of a theme, from index.theme.
struct IconDirectory {
  std::string path;  ///< below the theme: "48x48/apps"
  int size = 0;      ///< pixels, unscaled
  int scale = 1;
  enum class Type { fixed, scalable, threshold } type = Type::threshold;
  int min_size = 0;
  int max_size = 0;
  int threshold = 2;
  std::string context;  ///< "Applications"

  bool operator==(const IconDirectory&) const = default;
};

struct IconTheme {
  std::string name;
  std::vector<std::string> parents;
  std::vector<IconDirectory> directories;  ///< those of ScaledDirectories at the end
};

/// `name` is that of the theme's folder. A directory whose group is missing, or has no Size, and
/// one whose path would leave the theme are left out. Errors: failed when there is no group "Icon
/// Theme".
Result<IconTheme> parse_icon_theme(std::string_view name, std::string_view index);

/// hicolor as every host has it, for an image whose programs have icons but that has no index.
IconTheme standard_hicolor();

/// The theme that a settings.ini of GTK names; "" for none.
std::string theme_of_settings(std::string_view settings);

enum class IconFormat { png, svg, xpm, svgz };
std::string_view extension_of(IconFormat format);

/// A file's name without the extension of an icon, and which one it is; nullopt when it has none:
/// "org.gnome.Foo.png" is "org.gnome.Foo", a png.
struct IconFileName {
  std::string_view icon;
  IconFormat format = IconFormat::png;
};
std::optional<IconFileName> split_icon_file_name(std::string_view file);

/// What a file says about itself, whatever it is called.
struct IconContents {
  IconFormat format = IconFormat::png;
  int size = 0;  ///< the larger of width and height in pixels; 0 for drawings
};
/// nullopt for what is none of the formats, or has no size.
std::optional<IconContents> look_at_icon(std::string_view contents);

struct HicolorPlace {
  std::string directory;
  /// How far the file is from what belongs there: of two files for one place, the smaller one.
  int distance = 0;
};
/// Where hicolor of the host has a file of the theme `theme`; the directory is below the icons
/// directory: "hicolor/48x48/apps". Only directories that every hicolor theme has are named,
/// because what is in another is never looked at; a size in between goes to the nearest. nullopt
/// for a scale that hicolor has not.
std::optional<HicolorPlace> hicolor_place(std::string_view theme,
                                          const IconDirectory& directory,
                                          IconFormat format);
/// For a file that belongs to no theme.
std::string hicolor_directory(const IconContents& contents);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
#include "env/export/icon_theme.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/export/made_tree.hpp"

namespace devenv::exporting {
namespace {

using Type = IconDirectory::Type;

IconDirectory directory(const std::string& path, int size, int scale = 1, Type type = Type::fixed) {
  return {.path = path, .size = size, .scale = scale, .type = type};
}

}  // namespace

TEST_CASE("icon theme: an index with all that there can be") {
  const auto theme = parse_icon_theme("Birch", R"(# made up
[Icon Theme]
Name=Birch
Name[sv]=Björk
Inherits= wood , default ,
Directories=48x48/apps,scalable/apps, 32x32/apps,missing/apps,48x48/apps,no-size,../out,/abs,bad
ScaledDirectories=48x48@2/apps,48x48/apps

[scalable/apps]
Size=48
Type=Scalable
MinSize=1
MaxSize=256
Context=Applications

[48x48/apps]
Size = 48
Context=Applications
Type=Fixed

[32x32/apps]
Size=32
Threshold=4

[48x48@2/apps]
Size=48
Scale=2
Type=Threshold

[no-size]
Context=Actions
[../out]
Size=16
[/abs]
Size=16
[bad]
Size=99999999999999999999
[unlisted]
Size=16
)");
  REQUIRE(theme);
  CHECK(theme->name == "Birch");
  CHECK(theme->parents == std::vector<std::string>{"wood", "default"});
  std::vector<IconDirectory> found = theme->directories;
  REQUIRE(found.size() >= 4);
  CHECK(found.front() == IconDirectory{.path = "48x48/apps",
                                       .size = 48,
                                       .type = Type::fixed,
                                       .min_size = 48,
                                       .max_size = 48,
                                       .context = "Applications"});
  CHECK(found[1] == IconDirectory{.path = "scalable/apps",
                                  .size = 48,
                                  .type = Type::scalable,
                                  .min_size = 1,
                                  .max_size = 256,
                                  .context = "Applications"});
  CHECK(found[2] ==
        IconDirectory{
            .path = "32x32/apps", .size = 32, .min_size = 32, .max_size = 32, .threshold = 4});
  CHECK(found.back() ==
        IconDirectory{
            .path = "48x48@2/apps", .size = 48, .scale = 2, .min_size = 48, .max_size = 48});
  CHECK(found.size() == 4);
}

TEST_CASE("icon theme: what is no index") {
  for (const std::string_view text :
       {"", "Directories=a\n[a]\nSize=4\n", "[Icon theme]\n", "\0[["}) {
    CAPTURE(text);
    const auto theme = parse_icon_theme("x\ty", text);
    REQUIRE_FALSE(theme);
    CHECK(theme.error().to_line() ==
          "the index of the icon theme 'x\\x09y' has no group 'Icon Theme'");
  }
}

TEST_CASE("icon theme: an empty theme is one") {
  const auto theme = parse_icon_theme("default", "[Icon Theme]\r\nInherits=Adwaita\r\n");
  REQUIRE(theme);
  CHECK(theme->parents == std::vector<std::string>{"Adwaita"});
  CHECK(theme->directories.empty());
}

TEST_CASE("icon theme: each of hicolor's own directories is its own place") {
  for (const IconDirectory& one : standard_hicolor().directories) {
    CAPTURE(one.path);
    const IconFormat format = one.type == Type::scalable ? IconFormat::svg : IconFormat::png;
    const auto place = hicolor_place("hicolor", one, format);
    REQUIRE(place);
    CHECK(place->directory == "hicolor/" + one.path);
    CHECK(place->distance == 0);
  }
}

TEST_CASE("icon theme: the theme in settings of GTK") {
  CHECK(theme_of_settings("[Settings]\ngtk-icon-theme-name = Yaru\n") == "Yaru");
  CHECK(theme_of_settings("[Other]\ngtk-icon-theme-name=Yaru\n").empty());
  CHECK(theme_of_settings("").empty());
}

TEST_CASE("icon theme: names of files") {
  struct Row {
    std::string_view file;
    std::string_view icon;
    std::string_view extension;
  };
  for (const Row& row : {
           Row{"gimp.png", "gimp", ".png"},
           Row{"org.gnome.Foo.svg", "org.gnome.Foo", ".svg"},
           Row{"a.png.xpm", "a.png", ".xpm"},
           Row{"drawing.svgz", "drawing", ".svgz"},
           Row{"ä b.png", "ä b", ".png"},
       }) {
    CAPTURE(row.file);
    const auto name = split_icon_file_name(row.file);
    REQUIRE(name);
    CHECK(name->icon == row.icon);
    CHECK(extension_of(name->format) == row.extension);
  }
  for (const std::string_view file :
       {"", ".png", "gimp", "gimp.PNG", "gimp.jpg", "gimp.png.icon"}) {
    CAPTURE(file);
    CHECK_FALSE(split_icon_file_name(file));
  }
}

TEST_CASE("icon theme: what a file says about itself") {
  struct Row {
    std::string_view what;
    std::string contents;
    std::string expected;
  };
  const auto describe = [](const std::optional<IconContents>& look) {
    return look ? std::string(extension_of(look->format)) + " " + std::to_string(look->size) : "-";
  };
  const std::string xpm = "/* XPM */\nstatic char *x[] = {\n/* c */\n\"";
  for (const Row& row : {
           Row{"a square", test::png(48), ".png 48"},
           Row{"the larger side", test::png(30, 64), ".png 64"},
           Row{"no width", test::png(0, 64), "-"},
           Row{"too large", test::png(40000, 64), "-"},
           Row{"cut off", test::png(48).substr(0, 23), "-"},
           Row{"only a signature", "\x89PNG\r\n\x1a\n", "-"},
           Row{"a drawing", std::string(test::kSvg), ".svg 0"},
           Row{"a drawing with more in front", "\xef\xbb\xbf\n <!-- c --><a:svg/>", ".svg 0"},
           Row{"another kind of XML", "<html></html>", "-"},
           Row{"a packed drawing", "\x1f\x8b\x08", ".svgz 0"},
           Row{"a picture map", xpm + "32 24 2 1\",", ".xpm 32"},
           Row{"with more space and a hot spot", xpm + "  16  22 256   2 0 0\",", ".xpm 22"},
           Row{"without numbers", xpm + "a b\",", "-"},
           Row{"without an end", xpm + "32 32 2 1", "-"},
           Row{"a picture of another format", "\xff\xd8\xff\xe0JFIF", "-"},
           Row{"text that has the word", "XPM \"32 32 2 1\"", "-"},
           Row{"nothing", "", "-"},
       }) {
    CAPTURE(row.what);
    CHECK(describe(look_at_icon(row.contents)) == row.expected);
  }
}

TEST_CASE("icon theme: where files of themes go") {
  struct Row {
    std::string_view theme;
    IconDirectory directory;
    IconFormat format;
    std::string_view expected;
  };
  const auto png = IconFormat::png;
  const auto svg = IconFormat::svg;
  for (const Row& row : {
           Row{"hicolor", directory("48x48/apps", 48), png, "hicolor/48x48/apps +0"},
           Row{"hicolor", directory("48x48/mimetypes", 48), png, "hicolor/48x48/mimetypes +0"},
           Row{"hicolor", directory("48x48/stock/code", 48), png, "hicolor/48x48/apps +0"},
           Row{"hicolor", directory("48x48/games", 48), png, "hicolor/48x48/apps +0"},
           Row{"hicolor", directory("48x48@2/apps", 48, 2), png, "hicolor/48x48@2/apps +0"},
           Row{"hicolor", directory("48x48@3/apps", 48, 3), png, "-"},
           Row{"hicolor", directory("48x48/apps", 48), svg, "hicolor/48x48/apps +0"},
           Row{"hicolor", directory("1024x1024/apps", 1024), png, "hicolor/512x512/apps +512"},
           Row{"hicolor", directory("20x20/apps", 20), png, "hicolor/22x22/apps +2"},
           Row{"hicolor", directory("scalable/apps", 128, 1, Type::scalable), svg,
               "hicolor/scalable/apps +0"},
           // A picture that somebody put among the drawings; a real one of the size goes first.
           Row{"hicolor", directory("scalable/apps", 128, 1, Type::scalable), png,
               "hicolor/128x128/apps +512"},
           Row{"hicolor", directory("symbolic/apps", 16, 1, Type::scalable), svg,
               "hicolor/symbolic/apps +0"},
           Row{"Adwaita", directory("symbolic/legacy", 16, 1, Type::scalable), svg,
               "hicolor/symbolic/apps +0"},
           Row{"Adwaita", directory("48x48/mimetypes", 48), png, "hicolor/48x48/apps +0"},
           Row{"Adwaita", directory("8x8/emblems", 8), png, "hicolor/16x16/apps +8"},
           Row{"breeze", directory("apps/48", 48), svg, "hicolor/48x48/apps +0"},
           Row{"breeze", directory("apps/48@2x", 48, 2), svg, "hicolor/48x48@2/apps +0"},
           Row{"Papirus", directory("64x64/apps", 64), svg, "hicolor/64x64/apps +0"},
       }) {
    CAPTURE(row.theme);
    CAPTURE(row.directory.path);
    const auto place = hicolor_place(row.theme, row.directory, row.format);
    CHECK((place ? place->directory + " +" + std::to_string(place->distance) : "-") ==
          row.expected);
  }
}

TEST_CASE("icon theme: where other files go") {
  CHECK(hicolor_directory({IconFormat::svg, 0}) == "hicolor/scalable/apps");
  CHECK(hicolor_directory({IconFormat::png, 48}) == "hicolor/48x48/apps");
  CHECK(hicolor_directory({IconFormat::xpm, 33}) == "hicolor/32x32/apps");
  CHECK(hicolor_directory({IconFormat::png, 3000}) == "hicolor/512x512/apps");
}

}  // namespace devenv::exporting

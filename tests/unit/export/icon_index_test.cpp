// SPDX-License-Identifier: MIT
#include "env/export/icon_index.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/export/made_tree.hpp"

namespace devenv::exporting {
namespace {

using Lines = std::vector<std::string>;
using test::kSvg;
using test::MadeTree;
using test::png;

const Lines kData = {"/usr/local/share", "/usr/share/"};

constexpr std::string_view kHicolor = R"([Icon Theme]
Name=Hicolor
Directories=16x16/apps,48x48/apps,48x48@2/apps,20x20/apps,22x22/apps,scalable/apps,symbolic/apps
[16x16/apps]
Size=16
[20x20/apps]
Size=20
[22x22/apps]
Size=22
[48x48/apps]
Size=48
[48x48@2/apps]
Size=48
Scale=2
[scalable/apps]
Size=128
Type=Scalable
[symbolic/apps]
Size=16
Type=Scalable
)";

constexpr std::string_view kXpm = "/* XPM */ char*x={\"48 48 2 1\",";

/// A picture of so many bytes.
std::string sized(std::size_t size) {
  std::string contents = png(22);
  contents.resize(size, 'x');
  return contents;
}

/// A theme with one directory, in the order of breeze.
std::string theme_index(const std::string& parents) {
  return "[Icon Theme]\nInherits=" + parents +
         "\nDirectories=apps/48,apps/symbolic\n[apps/48]\nSize=48\n"
         "[apps/symbolic]\nSize=16\nType=Scalable\n";
}

/// "target < path", and the name in front.
Lines describe(const FoundIcon& icon) {
  Lines lines = {icon.name};
  for (const IconFile& file : icon.files) {
    lines.push_back(file.target + " < " + file.path);
  }
  return lines;
}

Lines find(const MadeTree& tree,
           const std::string& icon,
           const std::optional<std::string>& name = std::nullopt) {
  const sys::UniqueFd root = tree.root();
  IconIndex index(root.get(), kData);
  return describe(index.find(icon, name));
}

}  // namespace

TEST_CASE("icons: all sizes in hicolor, by the exact name") {
  MadeTree tree;
  const std::string top = "usr/share/icons/hicolor/";
  tree.file(top + "index.theme", kHicolor)
      .file(top + "16x16/apps/gimp.png", png(16))
      .file(top + "48x48/apps/gimp.png", png(48))
      .file(top + "48x48@2/apps/gimp.png", png(96))
      .file(top + "scalable/apps/gimp.svg", kSvg)
      .file(top + "symbolic/apps/gimp-symbolic.svg", kSvg)
      .file(top + "48x48/apps/gimp-help.png", png(48))
      .file(top + "48x48/apps/xgimp.png", png(48))
      .file(top + "48x48/apps/gimp.icon", "what is this")
      .file(top + "64x64/apps/gimp.png", "not in the index");
  CHECK(find(tree, "gimp") ==
        Lines{"gimp", "hicolor/16x16/apps/gimp.png < /usr/share/icons/hicolor/16x16/apps/gimp.png",
              "hicolor/48x48/apps/gimp.png < /usr/share/icons/hicolor/48x48/apps/gimp.png",
              "hicolor/48x48@2/apps/gimp.png < /usr/share/icons/hicolor/48x48@2/apps/gimp.png",
              "hicolor/scalable/apps/gimp.svg < /usr/share/icons/hicolor/scalable/apps/gimp.svg",
              "hicolor/symbolic/apps/gimp-symbolic.svg < "
              "/usr/share/icons/hicolor/symbolic/apps/gimp-symbolic.svg"});
  const sys::UniqueFd root = tree.root();
  const FoundIcon icon = IconIndex(root.get(), kData).find("gimp", "devenv-web-gimp");
  REQUIRE(icon.files.size() == 5);
  CHECK(icon.name == "devenv-web-gimp");
  CHECK(icon.files[1].target == "hicolor/48x48/apps/devenv-web-gimp.png");
  CHECK(icon.files[1].contents == png(48));
  CHECK(icon.files[4].target == "hicolor/symbolic/apps/devenv-web-gimp-symbolic.svg");
}

TEST_CASE("icons: one file for a place of the host") {
  MadeTree tree;
  const std::string top = "share/icons/hicolor/";
  tree.file("usr/" + top + "index.theme", kHicolor)
      .file("usr/" + top + "48x48/apps/a.png", png(48))
      .file("usr/" + top + "48x48/apps/a.svg", kSvg)
      .file("usr/local/" + top + "48x48/apps/a.xpm", kXpm)
      .file("usr/" + top + "20x20/apps/a.png", png(20))
      .file("usr/" + top + "22x22/apps/a.png", png(22))
      .file("usr/" + top + "20x20/apps/b.png", png(20));
  CHECK(find(tree, "a") ==
        Lines{"a", "hicolor/22x22/apps/a.png < /usr/share/icons/hicolor/22x22/apps/a.png",
              "hicolor/48x48/apps/a.xpm < /usr/local/share/icons/hicolor/48x48/apps/a.xpm"});
  CHECK(find(tree, "b") ==
        Lines{"b", "hicolor/22x22/apps/b.png < /usr/share/icons/hicolor/20x20/apps/b.png"});
}

TEST_CASE("icons: an image without the package of hicolor") {
  MadeTree tree;
  tree.file("usr/share/icons/hicolor/256x256/apps/code.png", png(256));
  CHECK(find(tree, "code") ==
        Lines{"code",
              "hicolor/256x256/apps/code.png < /usr/share/icons/hicolor/256x256/apps/code.png"});
}

TEST_CASE("icons: names with dots, extensions and other characters") {
  MadeTree tree;
  const std::string apps = "usr/share/icons/hicolor/48x48/apps/";
  for (const std::string name : {"org.gnome.Foo", "foo", "bar.png", "ä b"}) {
    tree.file(apps + name + ".png", png(48));
  }
  struct Row {
    std::string icon;
    std::string name;
    std::size_t count;
  };
  for (const Row& row : {
           Row{"org.gnome.Foo", "org.gnome.Foo", 1},
           Row{"org.gnome", "org.gnome", 0},
           Row{"Foo", "Foo", 0},
           Row{"foo.png", "foo", 1},
           Row{"foo.svg", "foo", 1},
           Row{"bar.png", "bar.png", 1},
           Row{"foo.jpg", "foo.jpg", 0},
           Row{"ä b", "ä b", 1},
           Row{"", "", 0},
           Row{"*", "*", 0},
           Row{"../apps/foo", "../apps/foo", 0},
       }) {
    CAPTURE(row.icon);
    const sys::UniqueFd root = tree.root();
    const FoundIcon icon = IconIndex(root.get(), kData).find(row.icon);
    CHECK(icon.name == row.name);
    CHECK(icon.files.size() == row.count);
  }
}

TEST_CASE("icons: other themes, the default one first") {
  MadeTree tree;
  const std::string icons = "usr/share/icons/";
  for (const std::string name : {"Aspen", "Birch", "Cedar"}) {
    tree.file(icons + name + "/index.theme", theme_index(name == "Cedar" ? "Birch" : "hicolor"))
        .file(icons + name + "/apps/48/files.svg", kSvg)
        .file(icons + name + "/apps/symbolic/files-symbolic.svg", kSvg);
  }
  tree.file(icons + "Birch/apps/48/mail.png", png(48)).file(icons + "Aspen/apps/48/mail.png", "x");
  const std::string first = "hicolor/48x48/apps/files.svg < /usr/share/icons/";
  const std::string second = "hicolor/symbolic/apps/files-symbolic.svg < /usr/share/icons/";
  const auto of_theme = [&](const std::string& name) {
    return Lines{"files", first + name + "/apps/48/files.svg",
                 second + name + "/apps/symbolic/files-symbolic.svg"};
  };
  CHECK(find(tree, "files") == of_theme("Aspen"));

  tree.file(icons + "default/index.theme", "[Icon Theme]\nInherits=Birch,none,default\n");
  CHECK(find(tree, "files") == of_theme("Birch"));

  tree.file("etc/gtk-3.0/settings.ini", "[Settings]\ngtk-icon-theme-name=Cedar\n");
  CHECK(find(tree, "files") == of_theme("Cedar"));
  // What Cedar inherits comes before Aspen.
  CHECK(find(tree, "mail") ==
        Lines{"mail", "hicolor/48x48/apps/mail.png < /usr/share/icons/Birch/apps/48/mail.png"});

  tree.file(icons + "hicolor/48x48/apps/files.png", png(48));
  CHECK(find(tree, "files") ==
        Lines{"files",
              "hicolor/48x48/apps/files.png < /usr/share/icons/hicolor/48x48/apps/files.png"});
}

TEST_CASE("icons: a theme with a hostile name") {
  MadeTree tree;
  tree.file("etc/gtk-3.0/settings.ini", "[Settings]\ngtk-icon-theme-name=../../../secret\n")
      .file("usr/share/icons/t/index.theme", theme_index("../x,.,.."))
      .file("usr/share/icons/t/apps/48/a.png", png(48));
  CHECK(find(tree, "a") ==
        Lines{"a", "hicolor/48x48/apps/a.png < /usr/share/icons/t/apps/48/a.png"});
}

TEST_CASE("icons: beside the themes") {
  MadeTree tree;
  tree.file("usr/share/pixmaps/xterm.xpm", "/* XPM */ char*x={\"32 32 2 1\",")
      .file("usr/share/pixmaps/xterm.png", png(48))
      .file("usr/share/icons/xterm.png", png(47))
      .file("usr/share/pixmaps/broken.png", "no picture")
      .file("usr/share/pixmaps/drawn.svg", kSvg)
      // By what it is, not by what it is called.
      .file("usr/share/pixmaps/wrong.xpm", png(64));
  CHECK(find(tree, "xterm") == Lines{"xterm",
                                     "hicolor/32x32/apps/xterm.xpm < /usr/share/pixmaps/xterm.xpm",
                                     "hicolor/48x48/apps/xterm.png < /usr/share/icons/xterm.png"});
  CHECK(find(tree, "broken") == Lines{"broken"});
  CHECK(find(tree, "drawn") ==
        Lines{"drawn", "hicolor/scalable/apps/drawn.svg < /usr/share/pixmaps/drawn.svg"});
  CHECK(find(tree, "wrong") ==
        Lines{"wrong", "hicolor/64x64/apps/wrong.png < /usr/share/pixmaps/wrong.xpm"});
}

TEST_CASE("icons: an absolute path") {
  MadeTree tree;
  tree.file("opt/app/logo.png", png(130))
      .file("opt/app/drawing", kSvg)
      .file("opt/app/photo.jpg", "\xff\xd8\xff\xe0JFIF")
      .link("opt/app/link.png", "/opt/app/logo.png");
  CHECK(find(tree, "/opt/app/logo.png") ==
        Lines{"logo", "hicolor/128x128/apps/logo.png < /opt/app/logo.png"});
  CHECK(find(tree, "/opt/app/link.png", "org.example.App") ==
        Lines{"org.example.App", "hicolor/128x128/apps/org.example.App.png < /opt/app/link.png"});
  CHECK(find(tree, "/opt/app/drawing") ==
        Lines{"drawing", "hicolor/scalable/apps/drawing.svg < /opt/app/drawing"});
  for (const std::string path : {"/opt/app/photo.jpg", "/opt/app/none.png", "/opt/app", "/"}) {
    CAPTURE(path);
    CHECK(find(tree, path, "x") == Lines{"x"});
  }
}

TEST_CASE("icons: links stay inside, what is no file is left out") {
  const devenv::test::Scratch outside;
  REQUIRE(sys::write_file_atomic(outside / "secret.png", "secret"));
  MadeTree tree;
  const std::string top = "usr/share/icons/hicolor/";
  tree.file("usr/lib/app/icon.png", png(22))
      .file(top + "index.theme", kHicolor)
      .link(top + "16x16/apps/a.png", outside / "secret.png")
      .link(top + "22x22/apps/a.png", "/usr/lib/app/icon.png")
      .link(top + "48x48/apps/a.png", "a.png")
      .link(top + "48x48@2/apps/a.png", "../../../../../../../../lib/app/none.png")
      .file(top + "scalable/apps/a.svg/file", "a directory")
      .file(top + "48x48/apps/empty.png", "")
      .file(top + "48x48/apps/large.png", sized(4U * 1024 * 1024 + 1))
      .file(top + "22x22/apps/large.png", sized(4U * 1024 * 1024))
      .file(top + "48x48/apps/key.png", "-----BEGIN OPENSSH PRIVATE KEY-----")
      .link("usr/local/share/icons", outside.path());
  REQUIRE(::mkfifo((tree / (top + "48x48/apps/a.xpm")).c_str(), 0600) == 0);
  CHECK(find(tree, "a") ==
        Lines{"a", "hicolor/22x22/apps/a.png < /usr/share/icons/hicolor/22x22/apps/a.png"});
  CHECK(find(tree, "large") ==
        Lines{"large",
              "hicolor/22x22/apps/large.png < /usr/share/icons/hicolor/22x22/apps/large.png"});
  CHECK(find(tree, "empty") == Lines{"empty"});
  CHECK(find(tree, "key") == Lines{"key"});
  CHECK(find(tree, "secret") == Lines{"secret"});
  CHECK(find(tree, outside / "secret.png") == Lines{"secret"});
}

TEST_CASE("icons: a file that cannot be had gives way to the next") {
  MadeTree tree;
  const std::string apps = "usr/share/icons/hicolor/48x48/apps/";
  tree.link(apps + "a.png", "gone.png").file(apps + "a.xpm", kXpm);
  CHECK(find(tree, "a") ==
        Lines{"a", "hicolor/48x48/apps/a.xpm < /usr/share/icons/hicolor/48x48/apps/a.xpm"});
  std::filesystem::remove(tree / (apps + "a.xpm"));
  tree.file("usr/share/pixmaps/a.png", png(32));
  CHECK(find(tree, "a") == Lines{"a", "hicolor/32x32/apps/a.png < /usr/share/pixmaps/a.png"});
}

TEST_CASE("icons: nothing there at all") {
  const MadeTree tree;
  CHECK(find(tree, "gimp") == Lines{"gimp"});
}

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
#include "env/export/host_files.hpp"

#include <doctest/doctest.h>

#include <map>

#include "tests/unit/export/made_tree.hpp"

namespace devenv::exporting {
namespace {

using Paths = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;
using test::MadeTree;

sys::User user(const std::string& home) {
  return {.name = "ada", .uid = HostUid(1000), .gid = HostGid(1000), .home = home};
}

Result<HostPlaces> places(const std::string& home, const Variables& variables) {
  return host_places(user(home), [&variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  });
}

/// A home in the tree, and its usr/share for the host's own files.
HostPlaces places_in(const MadeTree& tree) {
  auto found = places(tree / "home", {{"XDG_DATA_DIRS", tree / "usr/share"}});
  REQUIRE(found);
  return *found;
}

}  // namespace

TEST_CASE("host places: without variables") {
  const auto found = places("/home/ada/", {});
  REQUIRE(found);
  CHECK(found->applications == "/home/ada/.local/share/applications");
  CHECK(found->icons == "/home/ada/.local/share/icons");
  CHECK(found->mime == "/home/ada/.local/share/mime");
  CHECK(found->mime_packages() == "/home/ada/.local/share/mime/packages");
  CHECK(found->dbus_services == "/home/ada/.local/share/dbus-1/services");
  CHECK(found->metainfo == "/home/ada/.local/share/metainfo");
  CHECK(found->autostart == "/home/ada/.config/autostart");
  CHECK(found->user_units == "/home/ada/.config/systemd/user");
  CHECK(found->binaries == "/home/ada/.local/bin");
  CHECK(found->old_icons == "/home/ada/.icons");
  CHECK(found->data_directories ==
        Paths{"/home/ada/.local/share", "/usr/local/share", "/usr/share"});
}

TEST_CASE("host places: variables move them, when they are absolute") {
  const auto found = places("/home/ada", {{"XDG_DATA_HOME", "/data/"},
                                          {"XDG_CONFIG_HOME", "relative"},
                                          {"XDG_DATA_DIRS", "/a/:b::/data:/usr/share/:/a"}});
  REQUIRE(found);
  CHECK(found->applications == "/data/applications");
  CHECK(found->autostart == "/home/ada/.config/autostart");
  CHECK(found->binaries == "/home/ada/.local/bin");
  CHECK(found->data_directories == Paths{"/data", "/a", "/usr/share"});
}

TEST_CASE("host places: a home is needed") {
  const auto found = places("", {{"XDG_DATA_HOME", "/data"}});
  REQUIRE_FALSE(found);
  CHECK(found.error().code() == ErrorCode::unsupported);
  CHECK(found.error().hint() == "set HOME to an absolute path");
  CHECK(places("/", {})->binaries == "/.local/bin");
}

TEST_CASE("host files: ids of desktop entries") {
  MadeTree tree;
  const std::string mine = "home/.local/share/applications/";
  tree.file("usr/share/applications/gimp.desktop", "")
      .file("usr/share/applications/kde/konsole.desktop", "")
      .file("usr/share/applications/a/b/c.desktop", "")
      .file("usr/share/applications/mimeinfo.cache", "")
      .file("usr/share/applications/note.txt", "")
      .link("usr/share/applications/loop", "..")
      .link("usr/share/applications/gone.desktop", "/none")
      .file(mine + "own.desktop", "")
      .file(mine + "ours.desktop", "")
      .file(mine + "both.desktop", "")
      .file("usr/share/applications/both.desktop", "");
  HostFiles host(places_in(tree), {tree / (mine + "ours.desktop"), tree / (mine + "both.desktop")});
  for (const std::string id : {"gimp.desktop", "kde-konsole.desktop", "a-b-c.desktop",
                               "gone.desktop", "own.desktop", "both.desktop"}) {
    CAPTURE(id);
    CHECK(host.has_desktop_id(id));
  }
  for (const std::string id : {"ours.desktop", "konsole.desktop", "gimp", "imp.desktop", "note.txt",
                               "mimeinfo.cache", "loop-applications-gimp.desktop", ""}) {
    CAPTURE(id);
    CHECK_FALSE(host.has_desktop_id(id));
  }
}

TEST_CASE("host files: icons that ours would take the place of") {
  MadeTree tree;
  const std::string mine = "home/.local/share/icons/hicolor/";
  tree.file("usr/share/icons/hicolor/48x48/apps/hi.png", "")
      .file("usr/share/icons/hicolor/scalable/apps/org.example.Hi.svg", "")
      .file("usr/share/icons/beside.xpm", "")
      .file("usr/share/pixmaps/pix.png", "")
      .file("home/.icons/hicolor/48x48/apps/old.png", "")
      .file(mine + "48x48/apps/own.png", "")
      .file(mine + "48x48/apps/ours.png", "")
      .file("usr/share/icons/Birch/index.theme",
            "[Icon Theme]\nDirectories=apps\n[apps]\nSize=48\n")
      .file("usr/share/icons/Birch/apps/themed.svg", "")
      .file("usr/share/icons/Birch/unlisted/unlisted.svg", "");
  HostFiles host(places_in(tree), {tree / (mine + "48x48/apps/ours.png")});
  for (const std::string name : {"hi", "org.example.Hi", "beside", "pix", "old", "own"}) {
    CAPTURE(name);
    CHECK(host.has_icon(name));
    CHECK(host.has_themed_icon(name));
  }
  for (const std::string name : {"ours", "themed", "unlisted", "h", "hi.png", "index", ""}) {
    CAPTURE(name);
    CHECK_FALSE(host.has_icon(name));
    CHECK(host.has_themed_icon(name) == (name == "themed"));
  }
}

TEST_CASE("host files: a host with nothing") {
  const MadeTree tree;
  HostFiles host(places_in(tree), {});
  CHECK_FALSE(host.has_desktop_id("a.desktop"));
  CHECK_FALSE(host.has_icon("no-such-icon-of-any-host"));
  CHECK_FALSE(host.has_themed_icon("no-such-icon-of-any-host"));
}

}  // namespace devenv::exporting

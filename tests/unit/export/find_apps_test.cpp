// SPDX-License-Identifier: MIT
#include "env/export/find_apps.hpp"

#include <doctest/doctest.h>

#include <array>
#include <filesystem>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

namespace {

using namespace devenv::exporting;
using Strings = std::vector<std::string>;
namespace sys = devenv::sys;

/// A root of an environment.
class Root {
 public:
  void write(const std::string& path, const std::string& contents) {
    const std::string whole = root_ / path;
    REQUIRE(sys::make_directories(std::filesystem::path(whole).parent_path()));
    REQUIRE(sys::write_file_atomic(whole, contents));
  }
  void app(const std::string& path, const std::string& name, const std::string& more = "") {
    write(path, "[Desktop Entry]\nType=Application\nExec=x\nName=" + name + "\n" + more);
  }
  void link(const std::string& path, const std::string& target) {
    const std::string whole = root_ / path;
    REQUIRE(sys::make_directories(std::filesystem::path(whole).parent_path()));
    std::filesystem::create_symlink(target, whole);
  }
  FoundApps find(const Strings& directories, const char* locale = "C") const {
    const auto root = sys::open_file(root_.path(), O_PATH | O_DIRECTORY);
    REQUIRE(root);
    return find_apps(root->get(), directories, locale);
  }
  const std::string& path() const { return root_.path(); }

 private:
  devenv::test::Scratch root_;
};

Strings ids(const std::vector<App>& apps) {
  Strings names;
  for (const App& app : apps) {
    names.push_back(app.id);
  }
  return names;
}

const Strings kUsual = {"/usr/local/share", "/usr/share/"};

}  // namespace

TEST_CASE("apps: what there is to say about one") {
  Root root;
  root.app("usr/share/applications/a.desktop", "Plain",
           "Name[de]=Deutsch\nIcon=icon\nNoDisplay=true\n");
  root.app("usr/share/applications/b.desktop", "\x1B[31mred\xFF");
  const FoundApps found = root.find(kUsual, "de_DE.UTF-8");
  REQUIRE_EQ(found.apps.size(), 2);
  CHECK_EQ(found.warnings, Strings{});
  CHECK(found.apps[0] == App{.id = "a.desktop",
                             .path = "/usr/share/applications/a.desktop",
                             .name = "Deutsch",
                             .untranslated_name = "Plain",
                             .icon = "icon",
                             .no_display = true});
  CHECK_EQ(found.apps[1].name, "\\x1b[31mred\\xff");
}

TEST_CASE("apps: the first file of an id counts, even if it takes the application away") {
  Root root;
  root.app("usr/local/share/applications/a.desktop", "Local");
  root.app("usr/share/applications/a.desktop", "Shared");
  root.app("usr/local/share/applications/b.desktop", "Local", "Hidden=true\n");
  root.app("usr/share/applications/b.desktop", "Shared");
  root.write("usr/local/share/applications/c.desktop", "not an entry\n");
  root.app("usr/share/applications/c.desktop", "Shared");
  root.write("usr/local/share/applications/d.desktop", "[Desktop Entry]\nType=Link\n");
  root.app("usr/share/applications/d.desktop", "Shared");
  const FoundApps found = root.find(kUsual);
  CHECK_EQ(ids(found.apps), Strings{"a.desktop", "c.desktop"});
  CHECK_EQ(found.apps[0].name, "Local");
  CHECK_EQ(found.apps[1].path, "/usr/share/applications/c.desktop");
  CHECK_EQ(found.warnings,
           Strings{"cannot read '/usr/local/share/applications/c.desktop': it is no desktop entry: "
                   "there is no group [Desktop Entry]"});
}

TEST_CASE("apps: a subdirectory is part of the id") {
  Root root;
  root.app("usr/share/applications/kde/sub/a.desktop", "A");
  root.app("usr/share/applications/kde-sub-a.desktop", "The same id, later");
  root.app("usr/share/applications/x.desktop/b.desktop", "B");
  root.app("usr/share/applications/.desktop", "no id");
  root.app("usr/share/applications/c.desktop.bak", "no entry");
  root.write("usr/share/applications/mimeinfo.cache", "");
  const FoundApps found = root.find(kUsual);
  CHECK_EQ(ids(found.apps), Strings{"kde-sub-a.desktop", "x.desktop-b.desktop"});
  CHECK_EQ(found.warnings, Strings{});
}

TEST_CASE("apps: links stay inside, and none is followed for ever") {
  Root root;
  root.app("opt/real/a.desktop", "Inside");
  devenv::test::Scratch outside;
  REQUIRE(sys::write_file_atomic(outside / "out.desktop",
                                 "[Desktop Entry]\nType=Application\nName=Out\nExec=x\n"));
  root.link("usr/share/applications/absolute.desktop", "/opt/real/a.desktop");
  root.link("usr/share/applications/up.desktop", "../../../../../../opt/real/a.desktop");
  root.link("usr/share/applications/out.desktop", outside / "out.desktop");
  root.link("usr/share/applications/broken.desktop", "nothing");
  root.link("usr/share/applications/self", ".");
  root.link("usr/share/applications/again", "/usr/share/applications");
  root.link("usr/share/applications/dir", "/opt/real");
  root.link("usr/local/share", "/usr/share");
  const FoundApps found = root.find({"/usr/share", "/usr/local/share", "relative", "/none"});
  CHECK_EQ(ids(found.apps), Strings{"absolute.desktop", "dir-a.desktop", "up.desktop"});
  CHECK_EQ(found.warnings.size(), 4);
  for (const std::string& warning : found.warnings) {
    CHECK(warning.ends_with("is a link that leads nowhere"));
  }
}

TEST_CASE("apps: what is too large or no file is passed over") {
  Root root;
  root.app("usr/share/applications/large.desktop", "Large", std::string(1024 * 1024, '#'));
  REQUIRE_EQ(::mkfifo((root.path() + "/usr/share/applications/fifo.desktop").c_str(), 0600), 0);
  root.app("usr/share/applications/small.desktop", "Small");
  const FoundApps found = root.find(kUsual);
  CHECK_EQ(ids(found.apps), Strings{"small.desktop"});
  REQUIRE_EQ(found.warnings.size(), 2);
  CHECK_EQ(found.warnings[0], "'/usr/share/applications/fifo.desktop' is not a regular file");
  CHECK(found.warnings[1].starts_with("cannot read '/usr/share/applications/large.desktop': "));
}

TEST_CASE("apps: a query names one whole, or several") {
  const auto app = [](const char* id, const char* name, const char* plain) {
    return App{.id = id,
               .path = std::string("/usr/share/applications/") + id,
               .name = name,
               .untranslated_name = plain,
               .icon = "",
               .no_display = false};
  };
  const std::vector<App> apps = {
      app("firefox.desktop", "Browser", "Browser"),
      app("firefox-esr.desktop", "Firefox", "Firefox"),
      app("org.gnome.Nautilus.desktop", "Dateien", "Files"),
      app("thunar.desktop", "Dateien", "Files"),
      app("x.desktop.desktop", "X", "X"),
      app("x.desktop", "X", "X"),
  };
  struct Row {
    const char* query;
    Strings chosen;
  };
  const std::array rows = {
      Row{"firefox.desktop", {"firefox.desktop"}},
      Row{"firefox", {"firefox.desktop"}},
      Row{"Firefox", {"firefox-esr.desktop"}},
      Row{"FIREFOX", {"firefox-esr.desktop"}},
      Row{"fire", {}},
      Row{"files", {"org.gnome.Nautilus.desktop", "thunar.desktop"}},
      Row{"Dateien", {"org.gnome.Nautilus.desktop", "thunar.desktop"}},
      Row{"/usr/share/applications/thunar.desktop", {"thunar.desktop"}},
      Row{"/usr/share/applications", {}},
      Row{"applications/thunar.desktop", {}},
      Row{"Nautilus", {}},
      Row{"x.desktop", {"x.desktop"}},
      Row{"x.desktop.desktop", {"x.desktop.desktop"}},
      Row{"", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.query);
    CHECK_EQ(ids(choose_apps(apps, row.query)), row.chosen);
  }
}

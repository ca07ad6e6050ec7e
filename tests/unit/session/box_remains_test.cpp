// SPDX-License-Identifier: MIT
#include "env/session/box_remains.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/support/scratch.hpp"

namespace devenv::session {
namespace {

namespace fs = std::filesystem;

class Box {
 public:
  void file(const std::string& path, const std::string& contents) {
    fs::create_directories(fs::path(scratch_ / path).parent_path());
    REQUIRE(sys::write_file_atomic(scratch_ / path, contents));
  }
  void link(const std::string& path, const std::string& target) {
    fs::create_directories(fs::path(scratch_ / path).parent_path());
    fs::create_symlink(target, scratch_ / path);
  }
  bool has(const std::string& path) const {
    return fs::exists(fs::symlink_status(scratch_ / path));
  }
  void clean() {
    const auto root = sys::open_file(scratch_.path(), O_RDONLY | O_DIRECTORY);
    REQUIRE(root);
    const auto removed = remove_box_remains(root->get());
    REQUIRE(removed);
  }

 private:
  test::Scratch scratch_;
};

TEST_CASE("box remains: what only works beside Distrobox and Toolbx goes") {
  Box box;
  const std::vector<std::string> theirs = {
      "etc/profile.d/distrobox_profile.sh",    "etc/apt/apt.conf.d/00_distrobox",
      "etc/dpkg/dpkg.cfg.d/00_distrobox",      "usr/share/libalpm/hooks/00_distrobox_pre_hook.hook",
      "usr/lib/rpm/macros.d/macros.distrobox", "usr/lib/rpm/macros.d/macros.toolbox"};
  for (const std::string& path : theirs) {
    box.file(path, "x");
  }
  for (const char* path : {"etc/passwd.done", "usr/bin/entrypoint", "usr/bin/distrobox-export",
                           "usr/bin/toolbox", "etc/profile.d/toolbox.sh"}) {
    box.file(path, "");
  }
  box.link("usr/local/bin/xdg-open", "/usr/bin/distrobox-host-exec");
  box.link("usr/bin/flatpak", "/usr/bin/distrobox-host-exec");
  box.clean();
  for (const std::string& path : theirs) {
    CAPTURE(path);
    CHECK(!box.has(path));
  }
  for (const char* path :
       {"etc/passwd.done", "usr/bin/entrypoint", "usr/bin/distrobox-export", "usr/bin/toolbox",
        "etc/profile.d/toolbox.sh", "usr/local/bin/xdg-open", "usr/bin/flatpak"}) {
    CAPTURE(path);
    CHECK(!box.has(path));
  }
}

TEST_CASE("box remains: everything else stays, also of their names") {
  Box box;
  box.file("usr/bin/distrobox-export", "#!/bin/sh\n");
  box.file("usr/bin/toolbox",
           "\x7f"
           "ELF");
  box.file("usr/bin/empty", "");
  box.file("etc/profile.d/mine.sh", "x");
  box.file("etc/apt/apt.conf.d/50mine", "x");
  box.link("usr/bin/vi", "vim");
  box.clean();
  for (const char* path : {"usr/bin/distrobox-export", "usr/bin/toolbox", "usr/bin/empty",
                           "etc/profile.d/mine.sh", "etc/apt/apt.conf.d/50mine", "usr/bin/vi"}) {
    CAPTURE(path);
    CHECK(box.has(path));
  }
}

TEST_CASE("box remains: an empty root, and links that lead out of it") {
  Box box;
  box.clean();
  test::Scratch outside;
  REQUIRE(sys::write_file_atomic(outside / "00_distrobox", "x"));
  box.link("etc/apt/apt.conf.d", outside.path());
  box.clean();
  CHECK(sys::exists(outside / "00_distrobox"));
}

}  // namespace
}  // namespace devenv::session

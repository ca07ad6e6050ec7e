// SPDX-License-Identifier: MIT
#include "env/host/editors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "env/base/text.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::host {
namespace {

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("editors: every row is complete and has a directory of its own") {
  std::set<std::string_view> directories;
  for (const EditorServer& server : all_editor_servers()) {
    CAPTURE(server.name);
    CHECK(directories.insert(server.directory).second);
    for (const std::string_view path : text::split(server.markers, ' ')) {
      CHECK(path.starts_with('.'));
      CHECK(path != server.directory);
    }
    CHECK(server.directory.starts_with('.'));
  }
}

TEST_CASE("editors: a home without any") {
  const test::Scratch home;
  CHECK(find_editor_directories(home.path()) == Paths{});
  CHECK(find_editor_directories(home / "missing") == Paths{});
}

TEST_CASE("editors: each marker of each row, and the directory itself") {
  for (const EditorServer& server : all_editor_servers()) {
    Paths markers = {std::string(server.directory)};
    for (const std::string_view marker : text::split(server.markers, ' ')) {
      markers.emplace_back(marker);
    }
    for (const std::string& marker : markers) {
      CAPTURE(marker);
      const test::Scratch home;
      REQUIRE(sys::make_directories(home / marker));
      CHECK(find_editor_directories(home.path()) == Paths{std::string(server.directory)});
    }
  }
}

TEST_CASE("editors: what is no plain directory is left alone") {
  const test::Scratch home;
  REQUIRE(sys::make_directories(home / ".vscode"));
  REQUIRE(sys::make_directories(home / "elsewhere"));
  REQUIRE(sys::make_directories(home / ".config/JetBrains"));
  std::filesystem::create_symlink(home / "elsewhere", home / ".vscode-server");
  std::filesystem::create_symlink(home / "elsewhere", home / ".cache");
  REQUIRE(sys::write_file_atomic(home / ".cursor-server", ""));
  CHECK(find_editor_directories(home.path()) == Paths{});
}

TEST_CASE("editors: made in the home and in the other place, for the user only") {
  const test::Scratch scratch;
  make_editor_directories({".a", ".b/c"}, scratch / "home", scratch / "place");
  for (const char* path : {"home/.a", "home/.b/c", "place/.a", "place/.b/c"}) {
    CAPTURE(path);
    const auto info = sys::stat_path(scratch / path);
    REQUIRE((info && *info));
    CHECK(((*info)->st_mode & 0777) == 0700);
  }
  // In the way of one is something else: the others are made.
  REQUIRE(sys::write_file_atomic(scratch / "home/.d", ""));
  make_editor_directories({".d", ".e"}, scratch / "home", scratch / "place");
  CHECK(sys::is_directory(scratch / "home/.e"));
}

}  // namespace devenv::host

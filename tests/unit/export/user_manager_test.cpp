// SPDX-License-Identifier: MIT
#include "env/export/user_manager.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>
#include <filesystem>

#include "tests/unit/export/made_tree.hpp"

namespace {

using namespace devenv::exporting;
using Strings = std::vector<std::string>;

/// All files and directories below, sorted.
Strings all_below(const std::string& path) {
  Strings found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    found.push_back(entry.path().string().substr(path.size() + 1));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("user manager: links of what was enabled go, those of others stay") {
  test::MadeTree tree;
  tree.file("devenv-box-a.service", "a")
      .file("devenv-box-b@.service", "b")
      .link("default.target.wants/devenv-box-a.service", tree / "devenv-box-a.service")
      .link("default.target.wants/other.service", "/usr/lib/systemd/user/other.service")
      .link("x.target.requires/devenv-box-a.service", "../gone.service")
      .link("y.target.wants/devenv-box-b@one.service", tree / "devenv-box-b@.service")
      .file("z.target.wants/devenv-box-a.service", "no link")
      .link("devenv-box-a.service.d/devenv-box-a.service", "x");
  REQUIRE(remove_links(tree.path(), "devenv-box-a.service"));
  CHECK_EQ(
      all_below(tree.path()),
      Strings{"default.target.wants", "default.target.wants/other.service", "devenv-box-a.service",
              "devenv-box-a.service.d", "devenv-box-a.service.d/devenv-box-a.service",
              "devenv-box-b@.service", "y.target.wants", "y.target.wants/devenv-box-b@one.service",
              "z.target.wants", "z.target.wants/devenv-box-a.service"});
  REQUIRE(remove_links(tree.path(), "devenv-box-b@.service"));
  CHECK_FALSE(devenv::sys::exists(tree / "y.target.wants"));
}

TEST_CASE("user manager: where there is none, nothing happens") {
  test::MadeTree tree;
  REQUIRE(remove_links(tree / "none", "a.service"));
  const UserManager manager(tree.path());
  manager.reload();
  manager.stop({"a.service"}, std::chrono::seconds(1));
  CHECK(all_below(tree.path()).empty());
}

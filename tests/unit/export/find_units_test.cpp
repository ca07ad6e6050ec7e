// SPDX-License-Identifier: MIT
#include "env/export/find_units.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "tests/unit/export/made_tree.hpp"

namespace {

using namespace devenv::exporting;
using Strings = std::vector<std::string>;
constexpr const char* kInstall = "[Service]\nExecStart=/a\n[Install]\nWantedBy=default.target\n";

}  // namespace

TEST_CASE("units: by name, by path, aliases, instances, and what is masked") {
  test::MadeTree tree;
  tree.file("usr/lib/systemd/user/app.service", "user")
      .file("usr/lib/systemd/system/app.service", "system")
      .file("usr/lib/systemd/system/ssh.service", "ssh")
      .link("etc/systemd/system/sshd.service", "/usr/lib/systemd/system/ssh.service")
      .file("usr/lib/systemd/system/get@.service", "template")
      .file("usr/lib/systemd/system/get@one.service", "instance")
      .link("etc/systemd/system/autovt@.service", "/usr/lib/systemd/system/get@.service")
      .link("etc/systemd/system/off.service", "/dev/null")
      .file("usr/lib/systemd/system/off.service", "off")
      .link("etc/systemd/system/round.service", "trip.service")
      .link("etc/systemd/system/trip.service", "round.service")
      .file("usr/lib/systemd/user/org.x.Y.service", "dots")
      .file("usr/lib/systemd/user/app.timer", "timer")
      .file("opt/elsewhere.service", "elsewhere");
  const auto root = tree.root();
  struct Row {
    const char* query;
    const char* name;  ///< "": there is none
    const char* text;
    bool of_system;
  };
  const Row rows[] = {
      {"app", "app.service", "user", false},
      {"app.service", "app.service", "user", false},
      {"app.timer", "app.timer", "timer", false},
      {"org.x.Y", "org.x.Y.service", "dots", false},
      {"/usr/lib/systemd/system/app.service", "app.service", "system", true},
      {"sshd", "ssh.service", "ssh", true},
      {"get@", "get@.service", "template", true},
      {"get@two", "get@two.service", "template", true},
      {"get@one", "get@one.service", "instance", true},
      {"autovt@x", "get@x.service", "template", true},
      {"round", "", "", false},
      {"none", "", "", false},
      {"/opt/elsewhere.service", "", "", false},
      {"../user/app", "", "", false},
      {"a b", "", "", false},
      {"", "", "", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.query);
    const auto found = find_unit(root.get(), row.query);
    REQUIRE_EQ(found.has_value(), *row.name != '\0');
    if (found) {
      CHECK_EQ(found->name, row.name);
      CHECK_EQ(found->text, row.text);
      CHECK_EQ(found->of_system, row.of_system);
      CHECK_FALSE(found->is_masked);
    }
  }
  const auto masked = find_unit(root.get(), "off");
  REQUIRE(masked);
  CHECK(masked->is_masked);
}

TEST_CASE("units: drop-ins") {
  test::MadeTree tree;
  tree.file("usr/lib/systemd/user/a-b@.service", "unit")
      .file("usr/lib/systemd/user/service.d/10-all.conf", "all")
      .file("usr/lib/systemd/user/a-@.service.d/20-prefix.conf", "prefix")
      .file("usr/lib/systemd/user/a-b@.service.d/30-template.conf", "template")
      .file("etc/systemd/user/a-b@x.service.d/15-instance.conf", "instance")
      .file("usr/lib/systemd/user/a-b@x.service.d/40-same.conf", "of the package")
      .file("etc/systemd/user/a-b@x.service.d/40-same.conf", "of the administrator")
      .file("usr/lib/systemd/user/a-b@.service.d/50-off.conf", "off")
      .link("etc/systemd/user/a-b@.service.d/50-off.conf", "/dev/null")
      .file("usr/lib/systemd/user/a-b@.service.d/README", "no")
      .file("usr/lib/systemd/system/a-b@.service.d/60-system.conf", "no");
  const auto root = tree.root();
  const auto instance = find_unit(root.get(), "a-b@x");
  REQUIRE(instance);
  CHECK_EQ(instance->drop_ins,
           Strings{"all", "instance", "prefix", "template", "of the administrator"});
  const auto from_template = find_unit(root.get(), "a-b@");
  REQUIRE(from_template);
  CHECK_EQ(from_template->drop_ins, Strings{"all", "prefix", "template"});
}

TEST_CASE("units: those that can be enabled") {
  test::MadeTree tree;
  tree.file("usr/lib/systemd/user/a.service", kInstall)
      .file("usr/lib/systemd/user/static.service", "[Service]\nExecStart=/a\n")
      .file("usr/lib/systemd/system/b@.service", kInstall)
      .file("usr/lib/systemd/system/c.timer", kInstall)
      .file("usr/lib/systemd/system/d.socket", kInstall)
      .link("etc/systemd/system/alias.service", "/usr/lib/systemd/system/c.service")
      .file("usr/lib/systemd/system/off.service", kInstall)
      .link("etc/systemd/system/off.service", "/dev/null");
  const auto root = tree.root();
  CHECK_EQ(list_units(root.get()), Strings{"a.service", "b@.service", "c.timer"});
}

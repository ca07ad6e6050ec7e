// SPDX-License-Identifier: MIT
// From a made-up environment and a made-up host to the files of an export.
#include "env/export/planner.hpp"

#include <doctest/doctest.h>

#include "tests/unit/export/made_tree.hpp"

namespace devenv::exporting {
namespace {

using test::MadeTree;
using test::png;
using Paths = std::vector<std::string>;

const std::string kApps = "usr/share/applications/";
const std::string kHicolor = "usr/share/icons/hicolor/";

std::string entry(const std::string& name, const std::string& more = "") {
  return "[Desktop Entry]\nType=Application\nName=" + name + "\nExec=app %f\n" + more;
}

class Plan {
 public:
  MadeTree inside;
  MadeTree host;
  Ledger ledger;
  NullReporter reporter;

  Planner planner() {
    root_ = inside.root();
    auto places = host_places(
        {.name = "ada", .uid = HostUid(1000), .gid = HostGid(1000), .home = host / "home"},
        [this](const char* name) {
          return std::string(name) == "XDG_DATA_DIRS" ? host / "usr/share" : "";
        });
    REQUIRE(places);
    return {{.environment = {*instance::EnvironmentName::parse("box"), "/envs/box"},
             .inside = {.root = root_.get(),
                        .data_directories = {"/usr/share"},
                        .program_directories = {"/usr/local/bin", "/usr/bin"}},
             .places = *places,
             .program = "/usr/bin/devenv",
             .locale = "C"},
            ledger,
            reporter};
  }
  Result<NewExport> app(const std::string& id, const ExportOptions& options = {}) {
    Planner planner = this->planner();
    const auto found = choose_apps(planner.apps().apps, id);
    REQUIRE(found.size() == 1);
    return planner.app(found.front(), options, ledger);
  }
  /// Below the user's home, in their order.
  Paths targets(const NewExport& planned) const {
    Paths targets;
    for (const NewFile& file : planned.files) {
      REQUIRE(file.path.starts_with(host / "home/"));
      targets.push_back(file.path.substr((host / "home/").size()));
    }
    return targets;
  }

 private:
  sys::UniqueFd root_;
};

bool has_line(const NewExport& planned, const std::string& line) {
  return ("\n" + planned.files.back().contents).find("\n" + line + "\n") != std::string::npos;
}

void make_program(MadeTree& tree, const std::string& name) {
  tree.file(name, "#!/bin/sh\n");
  std::filesystem::permissions(tree / name, std::filesystem::perms(0755));
}

}  // namespace

TEST_CASE("planner: an app, its icon and what software centres read, the entry last") {
  Plan plan;
  plan.inside.file(kApps + "org.example.App.desktop", entry("App", "Icon=app\n"))
      .file(kHicolor + "48x48/apps/app.png", png(48))
      .file(kHicolor + "48x48/apps/app2.png", png(48))
      .file("usr/share/metainfo/org.example.App.metainfo.xml", "<component/>");
  const auto planned = plan.app("org.example.App");
  REQUIRE(planned);
  CHECK(planned->entry.kind == Kind::app);
  CHECK(planned->entry.id == "org.example.App.desktop");
  CHECK(planned->entry.source == "/" + kApps + "org.example.App.desktop");
  CHECK(plan.targets(*planned) == Paths{".local/share/icons/hicolor/48x48/apps/app.png",
                                        ".local/share/metainfo/org.example.App.metainfo.xml",
                                        ".local/share/applications/org.example.App.desktop"});
  CHECK(has_line(*planned, "Exec=/usr/bin/devenv run --desktop box -- app @@host %f @@host"));
  CHECK(has_line(*planned, "Name=App"));
}

TEST_CASE("planner: names that the host has are not taken") {
  Plan plan;
  plan.inside.file(kApps + "app.desktop", entry("App", "Icon=app\n"))
      .file(kHicolor + "48x48/apps/app.png", png(48))
      .file("usr/share/metainfo/app.metainfo.xml", "<component/>");
  plan.host.file("usr/share/applications/app.desktop", "")
      .file("usr/share/icons/hicolor/16x16/apps/app.png", "");
  const auto planned = plan.app("app");
  REQUIRE(planned);
  CHECK(planned->entry.id == "app.desktop");
  CHECK(plan.targets(*planned) == Paths{".local/share/icons/hicolor/48x48/apps/devenv-box-app.png",
                                        ".local/share/applications/devenv-box-app.desktop"});
  CHECK(has_line(*planned, "Icon=devenv-box-app"));
  CHECK(has_line(*planned, "Name=App (box)"));
  CHECK(has_line(*planned, "StartupWMClass=app"));
  // No label is a wish, too.
  CHECK(has_line(*plan.app("app", {.label = ""}), "Name=App"));
}

TEST_CASE("planner: an id that was chosen once stays") {
  Plan plan;
  plan.inside.file(kApps + "app.desktop", entry("App"));
  const std::string applications = plan.host / "home/.local/share/applications/";
  plan.ledger.put({.kind = Kind::app,
                   .id = "app.desktop",
                   .source = "/x",
                   .files = {{applications + "devenv-box-app.desktop", "1:2"}},
                   .options = {}});
  CHECK(plan.app("app")->files.back().path == applications + "devenv-box-app.desktop");
  // Our own file is not the host's.
  plan.ledger.put({.kind = Kind::app,
                   .id = "app.desktop",
                   .source = "/x",
                   .files = {{applications + "app.desktop", "1:2"}},
                   .options = {}});
  plan.host.file("home/.local/share/applications/app.desktop", "")
      .file("usr/share/applications/app.desktop", "");
  CHECK(plan.app("app")->files.back().path == applications + "app.desktop");
}

TEST_CASE("planner: options of an app") {
  Plan plan;
  plan.inside.file(kApps + "app.desktop", entry("App", "Path=/opt\n"));
  const std::string run = "Exec=/usr/bin/devenv run --desktop --workdir /opt ";
  CHECK(has_line(*plan.app("app", {.arguments = {"-x", "%"}, .variables = {"A=1 2"}}),
                 run + "--env \"A=1 2\" box -- app -x %% @@host %f @@host"));
  CHECK(has_line(*plan.app("app", {.variables = {"A=1"}, .as_root = true}),
                 run + "box -- sudo env A=1 app @@host %f @@host"));
  CHECK(has_line(*plan.app("app", {.label = "mine"}), "Name=App (mine)"));
  const auto started = plan.app("app", {.autostart = true});
  CHECK(plan.targets(*started) ==
        Paths{".config/autostart/app.desktop", ".local/share/applications/app.desktop"});
}

TEST_CASE("planner: an app that the bus may start") {
  Plan plan;
  plan.inside.file(kApps + "org.example.App.desktop", entry("App", "DBusActivatable=true\n"));
  const auto none = plan.app("org.example.App", {.bus = true});
  REQUIRE_FALSE(none);
  CHECK(none.error().code() == ErrorCode::not_found);
  plan.inside.file("usr/share/dbus-1/services/org.example.App.service",
                   "[D-BUS Service]\nName=org.example.App\nExec=/usr/bin/app\n");
  const auto planned = plan.app("org.example.App", {.bus = true});
  REQUIRE(planned);
  CHECK(plan.targets(*planned).front() == ".local/share/dbus-1/services/org.example.App.service");
  CHECK(has_line(*planned, "DBusActivatable=true"));
  CHECK_FALSE(has_line(*plan.app("org.example.App"), "DBusActivatable=true"));
  // The host's own would never be reached again.
  plan.host.file("usr/share/dbus-1/services/org.example.App.service", "");
  const auto taken = plan.app("org.example.App", {.bus = true});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code() == ErrorCode::conflict);
}

TEST_CASE("planner: commands by name in PATH and by path, programs only") {
  Plan plan;
  make_program(plan.inside, "usr/bin/tool");
  make_program(plan.inside, "usr/local/bin/both");
  make_program(plan.inside, "usr/bin/both");
  make_program(plan.inside, "opt/tool/bin/far");
  plan.inside.file("usr/bin/text", "")
      .link("usr/bin/linked", "/opt/tool/bin/far")
      .link("usr/bin/outside", "../../../../../../../../../bin/sh")
      .link("usr/bin/gone", "/none");
  REQUIRE(sys::make_directories(plan.inside / "usr/bin/directory"));
  const Planner planner = plan.planner();
  CHECK(planner.find_binary("tool") == "/usr/bin/tool");
  CHECK(planner.find_binary("both") == "/usr/local/bin/both");
  CHECK(planner.find_binary("/usr/bin/both") == "/usr/bin/both");
  CHECK(planner.find_binary("/opt/tool/bin/far") == "/opt/tool/bin/far");
  CHECK(planner.find_binary("linked") == "/usr/bin/linked");
  for (const char* query : {"", "far", "text", "directory", "gone", "outside", "bin/tool", "./tool",
                            "/usr/bin", "/usr/bin/text", ".", ".."}) {
    CAPTURE(query);
    CHECK_FALSE(planner.find_binary(query));
  }
  const auto planned = planner.binary("both", {.directory = "/opt/bin"});
  REQUIRE(planned);
  CHECK(planned->entry.id == "both");
  CHECK(planned->entry.source == "/usr/local/bin/both");
  REQUIRE(planned->files.size() == 1);
  CHECK(planned->files[0].path == "/opt/bin/both");
  CHECK(planned->files[0].mode == 0755);
  const auto missing = planner.binary("no\x1bne", {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message() == "environment 'box' has no program 'no\\x1bne'");
}

TEST_CASE("planner: services by unit, the user's first") {
  Plan plan;
  plan.inside.file("usr/lib/systemd/user/a.service", "[Service]\nExecStart=/a\n[Install]\n")
      .file("usr/lib/systemd/system/a.service", "[Service]\nExecStart=/a\n[Install]\n")
      .file("usr/lib/systemd/system/b.service", "[Service]\nExecStart=/b\n[Install]\n")
      .file("usr/lib/systemd/system/c.service", "[Service]\nExecStart=/c\n")
      .file("opt/f.service", "");
  const Planner planner = plan.planner();
  CHECK(planner.services() == Paths{"a.service", "b.service"});
  REQUIRE(planner.find_service("a"));
  CHECK(planner.find_service("a")->path == "/usr/lib/systemd/user/a.service");
  CHECK_FALSE(planner.find_service("a")->of_system);
  CHECK(planner.find_service("/usr/lib/systemd/system/b.service")->of_system);
  for (const char* query : {"", "f", "/opt/f.service", "../user/a.service", "no"}) {
    CAPTURE(query);
    CHECK_FALSE(planner.find_service(query));
  }
}

TEST_CASE("planner: a launcher, with the image's logo or our own drawing") {
  Plan plan;
  plan.inside.file("etc/os-release", "PRETTY_NAME=\"Box OS\"\nLOGO=box-logo\n");
  const auto drawn = plan.planner().launcher({});
  REQUIRE(drawn);
  CHECK(plan.targets(*drawn) == Paths{".local/share/icons/hicolor/scalable/apps/devenv-box.svg",
                                      ".local/share/applications/devenv-box.desktop"});
  plan.inside.file(kHicolor + "48x48/apps/box-logo.png", png(48));
  CHECK(plan.targets(*plan.planner().launcher({})) ==
        Paths{".local/share/icons/hicolor/48x48/apps/devenv-box.png",
              ".local/share/applications/devenv-box.desktop"});
}

TEST_CASE("planner: where to look inside") {
  instance::Environment environment{
      {*instance::EnvironmentName::parse("box"), "/envs/box"},
      {},
      {.image_reference = "x",
       .manifest_digest = *Digest::parse("sha256:" + std::string(64, 'a')),
       .layers = {},
       .storage = sandbox::StorageDriver::copy,
       .id_map = "",
       .image_environment = {}}};
  environment.state.image_environment = {"XDG_DATA_DIRS=/a:rel::/b", "PATHS=/no", "PATH=/x:y"};
  Inside inside = inside_of(3, environment, "/home/ada");
  CHECK(inside.program_directories == Paths{"/x"});
  CHECK(inside.data_directories == Paths{"/a", "/b", "/var/lib/flatpak/exports/share"});
  environment.state.image_environment.clear();
  environment.spec.shares.off = {"home"};
  inside = inside_of(3, environment, "/home/ada");
  CHECK(inside.data_directories == Paths{"/home/ada/.local/share", "/usr/local/share", "/usr/share",
                                         "/var/lib/flatpak/exports/share"});
}

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
#include "profiles/package_manager.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "env/base/format.hpp"
#include "env/sys/process.hpp"
#include "profiles/schema.hpp"

namespace devenv::profiles {
namespace {

using Texts = std::vector<std::string>;

/// A manager whose verbs can be told apart.
PackageManager plain() {
  return {.name = "yum",
          .program = "yum",
          .refresh = "refresh",
          .install = "install",
          .clean = "clean",
          .add_repository = "repository",
          .add_key = "key",
          .snapshot = "snapshot",
          .tools = {{"git", {"git", "ca-certificates"}}, {"meson", {}}}};
}

/// "line(argument argument)" of each.
std::string shown(const Result<std::vector<ShellStep>>& steps) {
  if (!steps) {
    return steps.error().to_line() + " [" + steps.error().hint() + "]";
  }
  Texts all;
  for (const ShellStep& step : *steps) {
    all.push_back(format("{}({})", step.line, join(step.arguments, " ")));
  }
  return join(all, " ");
}

}  // namespace

TEST_CASE("package managers: every verb is a program for sh, and every tool has an answer") {
  const auto all = package_managers();
  if (!all) {
    FAIL(all.error().to_line());
  }
  Texts names;
  for (const PackageManager& manager : *all) {
    names.push_back(manager.name);
    for (const std::string* verb :
         {&manager.refresh, &manager.install, &manager.remove, &manager.upgrade, &manager.list,
          &manager.clean, &manager.add_repository, &manager.add_key, &manager.snapshot}) {
      CAPTURE(manager.name);
      CAPTURE(*verb);
      // Only these may be missing.
      CHECK((!verb->empty() || verb == &manager.add_repository || verb == &manager.add_key ||
             verb == &manager.snapshot));
      const auto run = sys::run_captured({.argv = {"/bin/sh", "-n", "-c", *verb}});
      REQUIRE(run);
      CHECK(run->status.success());
      CHECK(run->err.empty());
    }
    CHECK(manager.caches ==
          (manager.install.find("$DEVENV_PACKAGE_CACHE") != std::string::npos ||
           manager.install.find("${DEVENV_PACKAGE_CACHE:-}") != std::string::npos));
    Texts tools;
    for (const auto& [tool, packages] : manager.tools) {
      tools.push_back(tool);
    }
    CHECK_EQ(join(tools, " "), join(tool_names(), " "));
  }
  CHECK_EQ(join(names, " "), "apk apt apt-rpm emerge pacman xbps zypper dnf yum slackpkg");
}

TEST_CASE("package managers: an image is asked for the programs, in their order") {
  const auto detected = [](const Texts& programs) {
    const auto manager = detect_package_manager([&](const std::string& program) {
      return std::find(programs.begin(), programs.end(), program) != programs.end();
    });
    return manager ? manager->name : manager.error().to_line();
  };
  CHECK(detected({"apt-get", "dpkg", "rpm"}) == "apt");
  CHECK(detected({"apt-get", "rpm"}) == "apt-rpm");
  CHECK(detected({"dnf", "yum", "rpm"}) == "dnf");
  CHECK(detected({"yum", "rpm"}) == "yum");
  CHECK(detected({"xbps-install"}) == "xbps");
  CHECK(detected({"apt-get"}) == "the image has no package manager that devenv knows");
  const auto none = find_package_manager("aptt");
  REQUIRE_FALSE(none);
  CHECK(none.error().hint() ==
        "one of: apk, apt, apt-rpm, dnf, emerge, pacman, slackpkg, xbps, yum, zypper");
}

TEST_CASE("package managers: a profile's own verbs and tools, and those of a release") {
  Profile profile{.package_manager = "apt",
                  .package_verbs = {{"upgrade", "apt_get dist-upgrade"}, {"snapshot", ""}},
                  .tools = {{"git", {"git-core"}}, {"java", {}}}};
  const Release release{.tools = {{"java", {"openjdk"}}}};
  const PackageManager apt = find_package_manager("apt").value();
  const PackageManager own = find_package_manager(profile, release).value();
  CHECK(own.upgrade == apt.prelude + "apt_get dist-upgrade");
  CHECK(own.install == apt.install);
  CHECK(own.snapshot.empty());
  CHECK(own.tools.at("git") == Texts{"git-core"});
  CHECK(own.tools.at("java") == Texts{"openjdk"});
  CHECK(own.tools.at("make") == apt.tools.at("make"));
  // Another manager has nothing of it.
  const Release older{.package_manager = "yum"};
  const PackageManager other = find_package_manager(profile, older).value();
  CHECK(other.name == "yum");
  CHECK(other.upgrade == find_package_manager("yum").value().upgrade);
  CHECK(other.tools.at("git") == Texts{"git"});
}

TEST_CASE("package steps: what a project asks for, in its order") {
  const PackageManager manager = plain();
  Project project{.directory = "/p"};
  CHECK(shown(package_steps(project, manager, nullptr)).empty());
  project.packages = {{"", {"jq", "git"}}, {"dnf", {"which", "jq"}}, {"apt", {"libfoo"}}};
  project.tools = {"git"};
  CHECK_EQ(shown(package_steps(project, manager, nullptr)),
           "refresh() install(git ca-certificates jq which) clean()");
  project.keys = {"keys/a.asc"};
  project.repositories = {"one", "two"};
  project.snapshot = "2026-11-22";
  CHECK_EQ(shown(package_steps(project, manager, nullptr)),
           "key(/p/keys/a.asc) repository(one) repository(two) snapshot(2026-11-22) refresh() "
           "install(git ca-certificates jq which) clean()");
  CHECK(package_inputs(project) == Texts{"keys/a.asc"});
  project.keys = {"https://example.org/key.gpg"};
  CHECK(package_inputs(project).empty());
  const auto fetched = package_steps(project, manager, nullptr);
  REQUIRE(fetched);
  CHECK(fetched->front().line.ends_with("key"));
  CHECK(fetched->front().arguments == Texts{"https://example.org/key.gpg"});
  const auto run = sys::run_captured({.argv = {"/bin/sh", "-n", "-c", fetched->front().line}});
  REQUIRE(run);
  CHECK(run->status.success());
}

TEST_CASE("package steps: what cannot be") {
  PackageManager manager = plain();
  Project project{.directory = "/p"};
  project.tools = {"meson"};
  const Profile base{.name = "amazonlinux"};
  CHECK_EQ(shown(package_steps(project, manager, &base)),
           "amazonlinux has no package for 'meson' [take it out of 'tools', and install it in a "
           "[[setup]] step]");
  CHECK(shown(package_steps(project, manager, nullptr)).starts_with("yum has no package"));
  project.tools.clear();
  manager.snapshot.clear();
  manager.add_key.clear();
  manager.add_repository.clear();
  project.snapshot = "2026-11-22";
  CHECK_EQ(shown(package_steps(project, manager, nullptr)),
           "yum cannot install the packages of a day [remove 'snapshot' from [packages]]");
  project.repositories = {"x"};
  CHECK_EQ(shown(package_steps(project, manager, nullptr)),
           "yum cannot be given repositories [remove 'repositories' from [packages]]");
  project.keys = {"x"};
  CHECK_EQ(shown(package_steps(project, manager, nullptr)),
           "yum cannot be given keys [remove 'keys' from [packages]]");
}

}  // namespace devenv::profiles

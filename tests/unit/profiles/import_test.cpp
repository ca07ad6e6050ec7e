// SPDX-License-Identifier: MIT
#include "profiles/import.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"
#include "profiles/project.hpp"
#include "profiles/toml_writer.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::profiles {
namespace {

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("import: a manifest of distrobox, nothing lost in silence") {
  const auto projects = import_distrobox(R"(
# comment
[base]
additional_packages="git curl"
init_hooks="touch /first"

[web]
include=base
image=fedora:43
additional_packages=nodejs
volume="/srv/data:/data:ro /opt:/opt"
exported_apps="gimp"
exported_bins="/usr/bin/node"
exported_bins_path=~/.local/bin
init_hooks=echo "a b" > /etc/x
additional_flags="--env LANG=C --env=A=b=c --device /dev/kvm"
unshare_netns=true
unshare_ipc=false
unshare_process=true
home=/tmp/home
root=true
init=false
nvidia=true
surprise=1
)");
  REQUIRE(projects);
  REQUIRE(projects->size() == 2);
  const ImportedProject& web = projects->at(1);
  CHECK(web.name == "web");
  CHECK(web.toml == R"([env]
name = "web"
base = "fedora:43"
no-share = ["network", "home"]
mounts = ["/srv/data:/data:ro", "/opt:/opt"]

[packages]
install = ["git", "curl", "nodejs"]

[environment]
A = "b=c"
LANG = "C"

[exports]
apps = ["gimp"]
bins = ["/usr/bin/node"]

[[setup]]
run = "touch /first"

[[setup]]
run = "echo \"a b\" > /etc/x"
)");
  CHECK(web.notes ==
        Texts{"init_hooks=touch /first: a step of [[setup]]: run once, not at each start",
              "exported_bins_path=~/.local/bin: devenv export --bin NAME --export-path DIR",
              "init_hooks=echo \"a b\" > /etc/x: a step of [[setup]]: run once, not at each start",
              "additional_flags=--device: a flag of podman or docker",
              "additional_flags=/dev/kvm: a flag of podman or docker",
              "unshare_process=true: processes, groups and devices stay those of the host",
              "home=/tmp/home: the environment has a home of its own, kept by devenv",
              "root=true: environments are rootless",
              "nvidia=true: the host's driver is always there", "surprise=1: unknown key"});
  // What comes out is a devenv.toml.
  const devenv::test::Scratch directory;
  REQUIRE(sys::write_file_atomic(directory / "devenv.toml", web.toml));
  CHECK(load_project(directory.path(), "").diagnostics.empty());
  CHECK(projects->at(0).notes ==
        Texts{"init_hooks=touch /first: a step of [[setup]]: run once, not at each start",
              "there is no image: add base = \"...\" to [env]"});
}

TEST_CASE("import: a manifest of two hundred lines") {
  const std::string folder = DEVENV_TEST_DATA "/distrobox";
  const auto projects = import_distrobox(sys::read_file(folder + "/team.ini").value());
  REQUIRE(projects);
  std::string all;
  for (const ImportedProject& project : *projects) {
    CAPTURE(project.name);
    const auto problems = check_project(project.toml, "devenv.toml");
    CHECK_EQ(problems.empty() ? "" : problems.front().to_string(), "");
    all += format("== {}\n{}{}\n", project.name, project.toml, join(project.notes, "\n"));
  }
  CHECK_EQ(all, sys::read_file(folder + "/team.expected").value());
}

TEST_CASE("import: what is no manifest") {
  for (const auto& [manifest, complaint] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"image=x\n", "line 1: a key before the first [name]"},
           {"[a]\nnonsense\n", "line 2: expected KEY=VALUE or [name]"},
           {"[a\n", "line 1: a section is written as [name]"},
           {"[a]\ninclude=b\n", "line 2: there is no section 'b'"},
           {"[a]\ninclude=b\n[b]\ninclude=a\n", "line 4: 'a' includes itself"},
       }) {
    const std::string text = manifest;
    CAPTURE(text);
    const auto projects = import_distrobox(text);
    REQUIRE_FALSE(projects);
    CHECK(projects.error().message() == complaint);
  }
}

TEST_CASE("toml: strings with anything in them") {
  CHECK(toml_string("a\"b\\c\nd\te\x01") == "\"a\\\"b\\\\c\\nd\\te\\u0001\"");
}

}  // namespace devenv::profiles

// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"
#include "profiles/devcontainer_variables.hpp"
#include "profiles/import.hpp"
#include "profiles/project.hpp"

namespace devenv::profiles {
namespace {

using Texts = std::vector<std::string>;

const std::string kData = DEVENV_TEST_DATA "/devcontainer";

/// The devenv.toml, then what is not carried over.
std::string imported(std::string_view document) {
  const auto project = import_devcontainer(document);
  if (!project) {
    return project.error().to_line();
  }
  const auto problems = check_project(project->toml, "devenv.toml");
  CHECK_EQ(problems.empty() ? "" : problems.front().to_string(), "");
  return project->toml + join(project->notes, "\n");
}

}  // namespace

TEST_CASE("devcontainer: variables in lines, words and paths") {
  struct Case {
    const char* text;
    const char* line;
    const char* word;
    const char* path;
  };
  for (const Case& each : {
           Case{"a b", "a b", "'a b'", "a b"},
           Case{"${localWorkspaceFolder}", "${DEVENV_PROJECT}", "\"${DEVENV_PROJECT}\"", "."},
           Case{"${containerWorkspaceFolder}/x \"y\"", "${DEVENV_PROJECT}/x \"y\"",
                "\"${DEVENV_PROJECT}/x \\\"y\\\"\"", "x \"y\""},
           Case{"${localEnv:HOME}/.ssh", "${HOME}/.ssh", "\"${HOME}/.ssh\"", "~/.ssh"},
           Case{"${localEnv:HOME}${localEnv:USERPROFILE}/.ssh", "${HOME}${USERPROFILE}/.ssh",
                "\"${HOME}${USERPROFILE}/.ssh\"", "~/.ssh"},
           Case{"'${localEnv:X}' \\' ${localEnv:X}", "''\"${X}\"'' \\' ${X}",
                "\"'${X}' \\\\' ${X}\"", ""},
           Case{"${localEnv:X:a b}", "${X:-a b}", "\"${X:-a b}\"", ""},
           Case{"${X:-y} $Z", "${X:-y} $Z", "'${X:-y} $Z'", "${X:-y} $Z"},
           Case{"${devcontainerId}", "", "", ""},
           Case{"${localEnv:X:$(y)}", "", "", ""},
           Case{"${", "${", "'${'", "${"},
       }) {
    CAPTURE(each.text);
    CHECK_EQ(as_shell_line(each.text).value_or(""), each.line);
    CHECK_EQ(as_shell_word(each.text).value_or(""), each.word);
    CHECK_EQ(as_host_path(each.text).value_or(""), each.path);
  }
}

TEST_CASE("devcontainer: every key of the reference is carried over or told of") {
  const std::string document = sys::read_file(kData + "/everything.json").value();
  CHECK_EQ(imported(document), sys::read_file(kData + "/everything.expected").value());
}

TEST_CASE("devcontainer: templates") {
  for (const char* name : {"alpine", "cpp", "debian", "docker-in-docker", "go", "java", "node",
                           "python", "rust", "compose"}) {
    CAPTURE(name);
    const std::string document = sys::read_file(format("{}/{}.json", kData, name)).value();
    CHECK_EQ(imported(document), sys::read_file(format("{}/{}.expected", kData, name)).value());
  }
}

TEST_CASE("devcontainer: each key alone, of whatever type, is told of or does something") {
  const Texts keys = {"forwardPorts",
                      "portsAttributes",
                      "otherPortsAttributes",
                      "updateRemoteUserUID",
                      "containerEnv",
                      "containerUser",
                      "mounts",
                      "init",
                      "privileged",
                      "capAdd",
                      "securityOpt",
                      "remoteEnv",
                      "remoteUser",
                      "initializeCommand",
                      "onCreateCommand",
                      "updateContentCommand",
                      "postCreateCommand",
                      "postStartCommand",
                      "postAttachCommand",
                      "waitFor",
                      "userEnvProbe",
                      "hostRequirements",
                      "customizations",
                      "features",
                      "overrideFeatureInstallOrder",
                      "secrets",
                      "build",
                      "dockerFile",
                      "context",
                      "appPort",
                      "runArgs",
                      "shutdownAction",
                      "overrideCommand",
                      "workspaceFolder",
                      "workspaceMount",
                      "dockerComposeFile",
                      "service",
                      "runServices",
                      "extensions",
                      "settings",
                      "devPort",
                      "surprise"};
  for (const std::string& key : keys) {
    for (const char* value : {"\"text\"", "true", "7", "[\"text\"]", "{\"a\": \"text\"}"}) {
      const auto plain = import_devcontainer(R"({"image": "x"})");
      const auto project = import_devcontainer(format(R"({{"image": "x", "{}": {}}})", key, value));
      CAPTURE(key);
      CAPTURE(value);
      REQUIRE(project);
      if (key == "overrideCommand" && std::string(value) == "true") {
        continue;  // as it is here
      }
      CHECK((project->toml != plain->toml || project->notes != plain->notes));
      CHECK(check_project(project->toml, "x").empty());
    }
  }
}

TEST_CASE("devcontainer: what is none") {
  for (const char* text : {"", "[]", "{", "{\"a\": 1, \"a\": 2}", "\"x\""}) {
    CAPTURE(text);
    const auto project = import_devcontainer(text);
    REQUIRE_FALSE(project);
    CHECK(project.error().code() == ErrorCode::usage);
  }
}

TEST_CASE("toolbox.conf: all that it says") {
  struct Case {
    const char* text;
    const char* toml;
    Texts notes;
  };
  for (const Case& each : {
           Case{"[general]\ndistro = \"fedora\"\nrelease = \"f43\"\n",
                "[env]\nbase = \"fedora:43\"\n",
                {}},
           Case{"[general]\ndistro = \"rhel\"\nrelease = \"9.4\"\n",
                "[env]\nbase = \"rhel:9\"\n",
                {"release: the newest minor release is taken"}},
           Case{"[general]\nimage = \"quay.io/org/box:1\"\nrelease = \"1\"\nx = 1\n[other]\n",
                "[env]\nbase = \"quay.io/org/box:1\"\n",
                {"x: unknown key", "other: unknown key", "distro: the image says which"}},
           Case{"", "", {"there is no image: add base = \"...\" to [env]"}},
       }) {
    CAPTURE(each.text);
    const auto project = import_toolbox(each.text);
    REQUIRE(project);
    CHECK_EQ(project->toml, each.toml);
    CHECK_EQ(join(project->notes, "; "), join(each.notes, "; "));
  }
  CHECK_FALSE(import_toolbox("x = ["));
}

TEST_CASE("import: what a file is, by its name") {
  CHECK(import_project("a/.devcontainer/devcontainer.json", "{\"image\": \"x\"}").has_value());
  CHECK(import_project("toolbox.conf", "").has_value());
  CHECK(import_project("distrobox.ini", "[a]\n").value().size() == 1);
  CHECK_FALSE(import_project("Vagrantfile", ""));
}

}  // namespace devenv::profiles

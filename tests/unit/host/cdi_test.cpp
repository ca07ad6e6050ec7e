// SPDX-License-Identifier: MIT
#include "env/host/cdi.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/base/yaml.hpp"

namespace devenv::host {
namespace {

/// The document as it is with these edits, in YAML's flow style, which is JSON's.
Result<CdiEdits> edits_of(const std::string& edits) {
  TRY_ASSIGN(
      const Json document,
      yaml::parse("{cdiVersion: 0.5.0, kind: nvidia.com/gpu, containerEdits: " + edits + "}"));
  return read_cdi(document);
}

Result<CdiEdits> hook(const std::string& arguments) {
  return edits_of("{hooks: [{hookName: createContainer, path: /usr/bin/nvidia-cdi-hook, args: [" +
                  arguments + "]}]}");
}

std::string problem(const Result<CdiEdits>& edits) {
  return edits ? "none" : edits.error().to_line();
}

}  // namespace

TEST_CASE("CDI: a file as the toolkit writes it") {
  const auto document = yaml::parse(R"(---
cdiVersion: 0.5.0
containerEdits:
  deviceNodes:
  - path: /dev/nvidiactl
  env:
  - NVIDIA_VISIBLE_DEVICES=void
  hooks:
  - args:
    - nvidia-cdi-hook
    - create-symlinks
    - --link
    - libcuda.so.1::/usr/lib/x86_64-linux-gnu/libcuda.so
    - --link
    - ../libnvidia-allocator.so.1::/usr/lib/x86_64-linux-gnu/gbm/nvidia-drm_gbm.so
    hookName: createContainer
    path: /usr/bin/nvidia-cdi-hook
  - args:
    - nvidia-ctk
    - hook
    - update-ldcache
    - --folder
    - /usr/lib/x86_64-linux-gnu
    hookName: createContainer
    path: /usr/bin/nvidia-ctk
  - args: [nvidia-cdi-hook, enable-cuda-compat, --host-driver-version=570.1]
    hookName: createContainer
    path: /usr/bin/nvidia-cdi-hook
  mounts:
  - containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.570.1
    hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.570.1
    options: [ro, nosuid, nodev, bind]
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
    mounts:
    - {hostPath: /only/of/0, containerPath: /only/of/0}
  name: "0"
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
    env: [OF_ALL=1]
  name: all
kind: nvidia.com/gpu
)");
  REQUIRE(document);
  CHECK(cdi_kind(*document) == "nvidia.com/gpu");
  const auto edits = read_cdi(*document);
  REQUIRE(edits);
  REQUIRE(edits->mounts.size() == 1);
  CHECK(edits->mounts[0].host_path == "/usr/lib/x86_64-linux-gnu/libcuda.so.570.1");
  REQUIRE(edits->links.size() == 2);
  CHECK(edits->links[0].target == "/usr/lib/x86_64-linux-gnu/libcuda.so.1");
  CHECK(edits->links[0].path == "/usr/lib/x86_64-linux-gnu/libcuda.so");
  CHECK(edits->links[1].target == "/usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.1");
  CHECK(edits->ldcache_folders == std::vector<std::string>{"/usr/lib/x86_64-linux-gnu"});
  CHECK(edits->variables == std::vector<std::string>{"NVIDIA_VISIBLE_DEVICES=void", "OF_ALL=1"});
}

TEST_CASE("CDI: create-symlinks, every way of writing a link") {
  struct Case {
    const char* link;
    const char* target;
  };
  for (const Case& test : {Case{"/opt/a/lib.so.1::/usr/lib/lib.so", "/opt/a/lib.so.1"},
                           Case{"/usr/lib/lib.so.1::/usr/lib/lib.so", "/usr/lib/lib.so.1"},
                           Case{"lib.so.1::/usr/lib/lib.so", "/usr/lib/lib.so.1"},
                           Case{"./a/../lib.so.1::/usr/lib/lib.so", "/usr/lib/lib.so.1"},
                           Case{"../../opt/lib.so.1::/usr/lib/lib.so", "/opt/lib.so.1"}}) {
    CAPTURE(test.link);
    for (const std::string& form :
         {format("--link, '{}'", test.link), format("'--link={}'", test.link)}) {
      const auto edits = hook("nvidia-cdi-hook, create-symlinks, " + form);
      REQUIRE(edits);
      REQUIRE(edits->links.size() == 1);
      CHECK(edits->links[0].target == test.target);
      CHECK(edits->links[0].path == "/usr/lib/lib.so");
    }
  }
  const auto three = hook(
      "nvidia-ctk, hook, create-symlinks, --link, 'a::/1', --link, 'b::/2', --link, 'c::/3/d'");
  REQUIRE(three);
  CHECK(three->links.size() == 3);
  const auto none = hook("nvidia-cdi-hook, create-symlinks");
  REQUIRE(none);
  CHECK(none->links.empty());
}

TEST_CASE("CDI: hooks of other names and stages are left out") {
  for (const char* text :
       {"{hooks: [{hookName: createContainer, path: /bin/sh, args: [sh, -c, 'rm -rf /']}]}",
        "{hooks: [{hookName: prestart, path: /x, args: [x, create-symlinks, --link, bad]}]}",
        "{hooks: [{hookName: createContainer, path: /x}]}",
        "{hooks: [{hookName: createContainer, path: /x, args: []}]}",
        "{hooks: null, mounts: null, env: null}", "{}"}) {
    CAPTURE(text);
    const auto edits = edits_of(text);
    REQUIRE(edits);
    CHECK(edits->links.empty());
    CHECK(edits->mounts.empty());
  }
}

TEST_CASE("CDI: what is malformed is named") {
  struct Case {
    const char* edits;
    const char* problem;
  };
  for (const Case& test : {
           Case{"{mounts: [{hostPath: lib, containerPath: /x}]}",
                "host path of a mount 'lib' is not absolute"},
           Case{"{mounts: [{hostPath: /x, containerPath: ''}]}",
                "container path of a mount '' is not absolute"},
           Case{"{mounts: [{hostPath: /a/../etc/shadow, containerPath: /x}]}",
                "host path of a mount '/a/../etc/shadow' has '..' in it"},
           Case{"{mounts: [{hostPath: /x, containerPath: /run/..}]}",
                "container path of a mount '/run/..' has '..' in it"},
           Case{"{mounts: [{hostPath: \"/\\e[31m\", containerPath: /x}]}",
                "host path of a mount '/\\x1b[31m' is no sane path"},
           Case{"{mounts: [{hostPath: /x}]}", "member 'containerPath' is missing or not a string"},
           Case{"{mounts: {}}", "member 'mounts' is missing or not an array"},
           Case{"[]", "member 'containerEdits' is missing or not an object"},
           Case{"{env: [FOO]}", "variable 'FOO' is not NAME=VALUE"},
           Case{"{env: ['A B=1']}", "variable 'A B=1' is not NAME=VALUE"},
           Case{"{env: [\"A=1\\n2\"]}", "variable 'A=1\\x0a2' is not NAME=VALUE"},
           Case{"{hooks: [{path: /x}]}", "member 'hookName' is missing or not a string"},
           Case{"{hooks: [{hookName: createContainer, path: x}]}",
                "path of a hook 'x' is not absolute"},
           Case{"{hooks: [7]}", "member 'hookName' is missing or not a string"},
       }) {
    CAPTURE(test.edits);
    CHECK(problem(edits_of(test.edits)) == test.problem);
  }
  CHECK(problem(hook("x, create-symlinks, --link")) == "--link has no value");
  CHECK(problem(hook("x, create-symlinks, --link, foo")) == "link 'foo' is not TARGET::PATH");
  CHECK(problem(hook("x, create-symlinks, --link, 'foo::bar::baz'")) ==
        "link 'foo::bar::baz' is not TARGET::PATH");
  CHECK(problem(hook("x, create-symlinks, --link, '::/a'")) == "link '::/a' is not TARGET::PATH");
  CHECK(problem(hook("x, create-symlinks, --link, 'a::b'")) == "link 'b' is not absolute");
  CHECK(problem(hook("x, create-symlinks, --link, '../../a::/usr/b'")) ==
        "target '../../a' leads out of the root");
  CHECK(problem(hook("x, update-ldcache, --folder, lib")) ==
        "folder of libraries 'lib' is not absolute");
}

TEST_CASE("CDI: versions, and variables that are the user's") {
  CHECK(problem(read_cdi(*yaml::parse("{kind: nvidia.com/gpu}"))) ==
        "member 'cdiVersion' is missing or not a string");
  CHECK(problem(read_cdi(*yaml::parse("{cdiVersion: 2.0.0}"))) ==
        "CDI version '2.0.0' is not known");
  CHECK(problem(read_cdi(*yaml::parse("[]"))) == "member 'cdiVersion' is missing or not a string");
  CHECK(cdi_kind(*yaml::parse("[]")).empty());
  const auto edits = edits_of("{env: [LD_PRELOAD=/x, PATH=/x, XDG_DATA_DIRS=/x, HOME=/, CUDA_X=]}");
  REQUIRE(edits);
  CHECK(edits->variables == std::vector<std::string>{"CUDA_X="});
}

TEST_CASE("CDI: no more than can be meant") {
  std::string mounts;
  for (int i = 0; i < 5000; ++i) {
    mounts += "{hostPath: /a, containerPath: /b},";
  }
  CHECK(problem(edits_of("{mounts: [" + mounts + "]}")) == "there are more than 4096 mounts");
}

}  // namespace devenv::host

// SPDX-License-Identifier: MIT
// The shipped profiles, and the documents that speak of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "profiles/package_manager.hpp"
#include "profiles/profile.hpp"
#include "profiles/schema.hpp"

namespace devenv::profiles {
namespace {

const std::string kDirectory = DEVENV_PROFILES_DIRECTORY;

/// No user files: nothing replaces what is shipped.
Catalog shipped() {
  return Catalog("/nonexistent");
}

}  // namespace

TEST_CASE("shipped profiles: every file of the folder is built in, as it is") {
  const std::vector<std::string> files = sys::list_directory(kDirectory + "/distros").value();
  std::vector<std::string> expected;
  for (const std::string& file : files) {
    REQUIRE(file.ends_with(".toml"));
    expected.push_back(file.substr(0, file.size() - 5));
    CHECK(shipped().source(expected.back()).value() ==
          sys::read_file(kDirectory + "/distros/" + file).value());
  }
  CHECK(shipped().names().value() == expected);
}

TEST_CASE("shipped profiles: each loads, and each release has a full reference") {
  const std::vector<std::string> names = shipped().names().value();
  for (const std::string& name : names) {
    CAPTURE(name);
    const std::vector<Diagnostic> diagnostics = shipped().check(name).value();
    for (const Diagnostic& diagnostic : diagnostics) {
      FAIL_CHECK(diagnostic.to_string());
    }
    const auto found = shipped().find(name);
    REQUIRE(found);
    REQUIRE(*found);
    const Profile& profile = **found;
    CHECK(choose_release(profile, ""));
    for (const Release& release : profile.releases) {
      CAPTURE(release.name);
      // A short name would depend on somebody's search list.
      CHECK(image::Reference::parse(release.image).value().string() == release.image);
      const auto source = image_source(profile, release);
      REQUIRE(source);
      const auto& fallback = std::get<instance::FromRegistry>(*source).fallback;
      CHECK(fallback.has_value() == !release.bootstrap_suite.empty());
      if (fallback) {
        CHECK((name == "debian" || name == "ubuntu"));
        CHECK(fallback->distribution == name);
      }
    }
  }
}

TEST_CASE("shipped profiles: each release has a package manager and an answer for every tool") {
  const std::vector<std::string> names = shipped().names().value();
  for (const std::string& name : names) {
    const Profile profile = shipped().find(name).value().value();
    // Everybody has their own.
    CHECK(profile.shell.empty());
    for (const Release& release : profile.releases) {
      CAPTURE(name);
      CAPTURE(release.name);
      const auto manager = find_package_manager(profile, release);
      REQUIRE(manager);
      std::vector<std::string> tools;
      for (const auto& [tool, packages] : manager->tools) {
        tools.push_back(tool);
      }
      CHECK(tools == tool_names());
      for (const char* tool : {"git", "compiler", "make", "python", "curl"}) {
        CHECK_FALSE(manager->tools.at(tool).empty());
      }
      const std::vector<std::string> verbs = {manager->install, manager->upgrade, manager->list};
      for (const std::string& verb : verbs) {
        const auto run = sys::run_captured({.argv = {"/bin/sh", "-n", "-c", verb}});
        REQUIRE(run);
        CHECK(run->status.success());
      }
    }
  }
}

TEST_CASE("shipped profiles: the promised ones are there, with the names people type") {
  struct Case {
    const char* profile;
    const char* release;
    const char* image;
    const char* suite;
  };
  for (const Case& each : {
           Case{"fedora", "", "quay.io/fedora/fedora:44", ""},
           Case{"fedora", "43", "quay.io/fedora/fedora:43", ""},
           Case{"fedora", "rawhide", "quay.io/fedora/fedora:rawhide", ""},
           Case{"debian", "", "docker.io/library/debian:trixie", "trixie"},
           Case{"debian", "13", "docker.io/library/debian:trixie", "trixie"},
           Case{"debian", "stable", "docker.io/library/debian:trixie", "trixie"},
           Case{"debian", "oldstable", "docker.io/library/debian:bookworm", "bookworm"},
           Case{"debian", "testing", "docker.io/library/debian:testing", "testing"},
           Case{"debian", "unstable", "docker.io/library/debian:sid", "sid"},
           Case{"ubuntu", "", "docker.io/library/ubuntu:26.04", "resolute"},
           Case{"ubuntu", "noble", "docker.io/library/ubuntu:24.04", "noble"},
           Case{"ubuntu", "22.04", "docker.io/library/ubuntu:22.04", "jammy"},
           Case{"alpine", "edge", "docker.io/library/alpine:edge", ""},
           Case{"alpine", "3.20", "docker.io/library/alpine:3.20", ""},
           Case{"arch", "", "docker.io/library/archlinux:latest", ""},
           Case{"opensuse", "", "registry.opensuse.org/opensuse/tumbleweed:latest", ""},
           Case{"opensuse", "leap", "registry.opensuse.org/opensuse/leap:16.0", ""},
           Case{"rocky", "9", "quay.io/rockylinux/rockylinux:9", ""},
           Case{"almalinux", "9", "docker.io/library/almalinux:9", ""},
           Case{"centos", "10", "quay.io/centos/centos:stream10", ""},
           Case{"void", "musl", "ghcr.io/void-linux/void-musl-full:latest", ""},
           Case{"gentoo", "", "docker.io/gentoo/stage3:latest", ""},
           Case{"kali", "", "docker.io/kalilinux/kali-rolling:latest", ""},
           Case{"amazonlinux", "2023", "public.ecr.aws/amazonlinux/amazonlinux:2023", ""},
           Case{"oraclelinux", "9", "container-registry.oracle.com/os/oraclelinux:9", ""},
           Case{"debian", "7", "docker.io/debian/eol:wheezy", ""},
           Case{"debian", "10", "docker.io/debian/eol:buster", ""},
           Case{"ubuntu", "14.04", "docker.io/library/ubuntu:14.04", ""},
           Case{"wolfi", "", "cgr.dev/chainguard/wolfi-base:latest", ""},
           Case{"rhel", "9", "registry.access.redhat.com/ubi9/ubi:latest", ""},
       }) {
    CAPTURE(each.profile);
    CAPTURE(each.release);
    const auto profile = shipped().find(each.profile);
    REQUIRE(profile);
    REQUIRE(*profile);
    const auto release = choose_release(**profile, each.release);
    REQUIRE(release);
    CHECK(release->image == each.image);
    CHECK(release->bootstrap_suite == each.suite);
  }
}

TEST_CASE("profiles/README.md: the profile of ten lines is one") {
  const std::string readme = sys::read_file(kDirectory + "/README.md").value();
  const std::size_t start = readme.find("```toml\n") + 8;
  const std::string example = readme.substr(start, readme.find("```", start) - start);
  CHECK(std::count(example.begin(), example.end(), '\n') == 10);
  const Loaded loaded = parse_profile(example, "acme.toml");
  REQUIRE(loaded.profile);
  const auto manager = find_package_manager(*loaded.profile, loaded.profile->releases[0]);
  REQUIRE(manager);
  CHECK(manager->tools.at("java") == std::vector<std::string>{"acme-jdk"});
  CHECK(manager->tools.at("meson").empty());
}

TEST_CASE("profiles/README.md: has the tables of the schemas as they are") {
  const std::string readme = sys::read_file(kDirectory + "/README.md").value();
  for (const std::string& table :
       {schema_markdown(profile_schema()), schema_markdown(config_schema())}) {
    INFO("expected in profiles/README.md:\n" << table);
    CHECK(readme.find("\n" + table + "\n") != std::string::npos);
  }
}

}  // namespace devenv::profiles

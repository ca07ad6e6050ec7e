// SPDX-License-Identifier: MIT
#include "profiles/lock.hpp"

#include <doctest/doctest.h>

using namespace devenv;
using namespace devenv::profiles;

namespace {

Digest digest(char digit) {
  return *Digest::parse("sha256:" + std::string(64, digit));
}

ProjectLock lock() {
  return {.base = "debian:trixie",
          .architecture = "amd64",
          .image = "docker.io/library/debian:trixie",
          .manifest = digest('a'),
          .image_layers = {digest('b')},
          .image_environment = {"PATH=/bin", "A=\"b\"\n"},
          .features = {{"ghcr.io/a/b:1", digest('4')}, {"ghcr.io/a/c", digest('5')}},
          .layers =
              {{"installing packages: \"x\"\n", digest('c'), digest('d'), digest('e'), {"x", "y"}},
               {"setup", digest('1'), digest('2'), digest('3'), {}}},
          .pushed = "registry/x@sha256:0",
          .manager = "apt",
          .packages = {"bash 5.2", "x 1"}};
}

}  // namespace

TEST_CASE("lock: what is written is read") {
  const auto read = read_lock(write_lock(lock()), "devenv.toml.lock");
  REQUIRE(read.has_value());
  CHECK(*read == lock());
  ProjectLock bare = lock();
  bare.layers.clear();
  bare.packages.clear();
  bare.manager.clear();
  bare.pushed.clear();
  CHECK(*read_lock(write_lock(bare), "x") == bare);
}

TEST_CASE("lock: one line for each package") {
  CHECK(write_lock(lock()).find("\n  \"bash 5.2\",\n  \"x 1\",\n") != std::string::npos);
}

TEST_CASE("lock: anything else is refused") {
  CHECK(read_lock("", "x").error().code() == ErrorCode::unsupported);
  CHECK(read_lock("version = \"2\"\n", "x").error().code() == ErrorCode::unsupported);
  CHECK(read_lock("version = 1\n", "x").error().code() == ErrorCode::unsupported);
  CHECK(read_lock("version = \"1\"\n", "x").error().code() == ErrorCode::integrity);
  CHECK(read_lock("version = \"1\"\nbase = \"b\"\n[image]\nmanifest = \"sha256:x\"\n", "x")
            .error()
            .code() == ErrorCode::integrity);
  CHECK(read_lock("= =", "x").error().code() == ErrorCode::integrity);
  CHECK(read_lock("version = \"1\"\nlayer = 3\nimage = 2\n", "x").error().code() ==
        ErrorCode::integrity);
}

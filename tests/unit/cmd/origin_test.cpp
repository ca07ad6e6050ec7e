// SPDX-License-Identifier: MIT
#include "cmd/origin.hpp"

#include <doctest/doctest.h>

#include "cmd/create.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

/// The shipped profiles only: nothing is read from the caller's home.
const profiles::Catalog kCatalog("/nonexistent");

TEST_CASE("origin: a profile, with and without a release") {
  const auto plain = origin_from_profile(kCatalog, "debian", Fetch::registry);
  REQUIRE(plain.has_value());
  REQUIRE(plain->has_value());
  CHECK((*plain)->profile == "debian");
  CHECK((*plain)->suggested_name == "debian");
  const auto release = origin_from_profile(kCatalog, "debian:bookworm", Fetch::registry);
  REQUIRE(release.has_value());
  REQUIRE(release->has_value());
  CHECK((*release)->suggested_name == "debian-bookworm");
  const auto none = origin_from_profile(kCatalog, "no-such-profile", Fetch::registry);
  REQUIRE(none.has_value());
  CHECK_FALSE(none->has_value());
}

TEST_CASE("origin: an unknown release is an error, an image below a path no profile") {
  const auto unknown = origin_from_profile(kCatalog, "debian:nonsuch", Fetch::registry);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code() == ErrorCode::not_found);
  const auto path = origin_from_profile(kCatalog, "library/debian:nonsuch", Fetch::registry);
  REQUIRE(path.has_value());
  CHECK_FALSE(path->has_value());
}

TEST_CASE("origin: bootstrap needs a profile that has a suite") {
  const auto debian = require_profile(kCatalog, "debian:bookworm", Fetch::bootstrap);
  REQUIRE(debian.has_value());
  const auto* bootstrap = std::get_if<instance::Bootstrap>(&debian->source);
  REQUIRE(bootstrap != nullptr);
  CHECK(bootstrap->distribution == "debian");
  CHECK(bootstrap->suite == "bookworm");
  const auto fedora = require_profile(kCatalog, "fedora", Fetch::bootstrap);
  REQUIRE_FALSE(fedora.has_value());
  CHECK(fedora.error().code() == ErrorCode::unsupported);
}

TEST_CASE("origin: what looks like a path is a file, everything else a reference") {
  const auto folder = sys::TemporaryDirectory::create("/tmp", "devenv-test-");
  REQUIRE(folder.has_value());
  const std::string file = folder->path() + "/rootfs.tar.xz";
  REQUIRE(sys::write_file_atomic(file, "").has_value());

  const auto archive = origin_from_image(file);
  REQUIRE(archive.has_value());
  CHECK(std::holds_alternative<instance::ArchiveFile>(archive->source));
  CHECK(archive->suggested_name == "rootfs");

  const auto missing = origin_from_image("./missing.tar.gz");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code() == ErrorCode::not_found);

  const auto directory = origin_from_image(folder->path());
  REQUIRE_FALSE(directory.has_value());
  CHECK(directory.error().code() == ErrorCode::usage);

  const auto reference = origin_from_image("localhost:5000/team/web:2");
  REQUIRE(reference.has_value());
  CHECK(std::holds_alternative<instance::FromRegistry>(reference->source));
  CHECK(reference->image == "localhost:5000/team/web:2");
}

TEST_CASE("origin: only one word without a tag, a path and a dot is a guess") {
  for (const char* bare : {"busybox", "my-env", "a_b"}) {
    CHECK(is_bare(bare));
  }
  for (const char* full : {"busybox:1", "quay.io/x", "a.b", "x@sha256:00"}) {
    CHECK_FALSE(is_bare(full));
  }
}

TEST_CASE("create: flags that contradict each other, and a name that says nothing") {
  struct Case {
    CreateOptions options;
    std::string message;
  };
  for (const Case& each : std::vector<Case>{
           {{.image = "a", .profile = "b"}, "--image and --profile exclude each other"},
           {{.image = "a", .bootstrap = true}, "--image and --bootstrap exclude each other"},
           {{}, "'devenv create' needs NAME, --image or --profile"},
           {{.name = "debain"},
            "there is no profile 'debain', and neither --image nor --profile says what to make the "
            "environment of"},
       }) {
    const auto origin = origin_of(each.options, kCatalog);
    REQUIRE_FALSE(origin.has_value());
    CHECK(origin.error().code() == ErrorCode::usage);
    CHECK(origin.error().message() == each.message);
  }
  const auto similar = origin_of({.name = "debain"}, kCatalog);
  CHECK(similar.error().hint() == "did you mean 'debian'?");
}

}  // namespace
}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "profiles/profile.hpp"

#include <doctest/doctest.h>

namespace devenv::profiles {
namespace {

Profile demo() {
  return {.name = "demo",
          .default_release = "stable",
          .releases = {{.name = "trixie",
                        .aliases = {"13", "stable"},
                        .image = "docker.io/library/debian:trixie",
                        .bootstrap_suite = "trixie"},
                       {.name = "bookworm", .aliases = {"12"}, .image = "debian:bookworm"},
                       // An alias cannot hide a release, even where no file could say so.
                       {.name = "12", .image = "debian:12"}},
          .bootstrap_distribution = "debian"};
}

}  // namespace

TEST_CASE("choose_release: by name, by alias, or the default one") {
  struct Case {
    const char* asked;
    const char* expected;
  };
  for (const Case& each :
       {Case{"", "trixie"}, Case{"trixie", "trixie"}, Case{"13", "trixie"},
        Case{"stable", "trixie"}, Case{"bookworm", "bookworm"}, Case{"12", "12"}}) {
    CAPTURE(each.asked);
    const auto release = choose_release(demo(), each.asked);
    REQUIRE(release);
    CHECK(release->name == each.expected);
  }
}

TEST_CASE("choose_release: an unknown one lists those there are") {
  struct Case {
    const char* asked;
    const char* message;
    const char* hint;
  };
  for (const Case& each :
       {Case{"trixi", "profile 'demo' has no release 'trixi'; it has: trixie, bookworm, 12",
             "did you mean 'demo:trixie'?"},
        Case{"stabel", "profile 'demo' has no release 'stabel'; it has: trixie, bookworm, 12",
             "did you mean 'demo:stable'?"},
        Case{"experimental",
             "profile 'demo' has no release 'experimental'; it has: trixie, bookworm, 12",
             "devenv profile show demo"},
        Case{"\x1b[31m", "profile 'demo' has no release '\\x1b[31m'; it has: trixie, bookworm, 12",
             "devenv profile show demo"}}) {
    const auto release = choose_release(demo(), each.asked);
    REQUIRE_FALSE(release);
    CHECK(release.error().code() == ErrorCode::not_found);
    CHECK(release.error().to_line() == each.message);
    CHECK(release.error().hint() == each.hint);
  }
}

TEST_CASE("image_source: the registry, with the bootstrap as the fallback") {
  const Profile profile = demo();
  const auto with_suite = image_source(profile, profile.releases[0]);
  REQUIRE(with_suite);
  const auto* from = std::get_if<instance::FromRegistry>(&*with_suite);
  REQUIRE(from != nullptr);
  CHECK(from->reference.string() == "docker.io/library/debian:trixie");
  REQUIRE(from->fallback);
  CHECK(from->fallback->distribution == "debian");
  CHECK(from->fallback->suite == "trixie");

  const auto without = image_source(profile, profile.releases[1]);
  REQUIRE(without);
  CHECK_FALSE(std::get<instance::FromRegistry>(*without).fallback);
}

TEST_CASE("image_source: a bad reference names the release") {
  const auto source = image_source(demo(), {.name = "x", .image = "UPPER CASE"});
  REQUIRE_FALSE(source);
  CHECK(source.error().code() == ErrorCode::usage);
  CHECK(source.error().message() == "cannot use release 'x' of profile 'demo'");
}

TEST_CASE("diagnostic: prints as compilers do") {
  const Diagnostic diagnostic{.file = "a\nb.toml", .line = 3, .column = 7, .message = "wrong"};
  CHECK(diagnostic.to_string() == "a\\x0ab.toml:3:7: wrong");
}

}  // namespace devenv::profiles

// SPDX-License-Identifier: MIT
#include "profiles/trust.hpp"

#include <doctest/doctest.h>

#include "tests/support/scratch.hpp"

namespace devenv::profiles {

TEST_CASE("trust: of exactly these contents at this place") {
  const devenv::test::Scratch data;
  const std::vector<ProjectSource> sources = {{"/p/devenv.toml", "a"}, {"/p/base.toml", "b"}};
  const auto trust_of = [&](const std::string& directory, const std::vector<ProjectSource>& now) {
    return look_up_trust(data.path(), directory, now).trust;
  };
  CHECK(trust_of("/p", sources) == Trust::unknown);
  REQUIRE(allow_project(data.path(), "/p", sources));
  CHECK(trust_of("/p", sources) == Trust::allowed);
  CHECK(trust_of("/q", sources) == Trust::unknown);
  auto changed = sources;
  changed[1].contents = "c";
  CHECK(trust_of("/p", changed) == Trust::changed);
  CHECK(look_up_trust(data.path(), "/p", changed).allowed == sources);
  changed = sources;
  changed.pop_back();
  CHECK(trust_of("/p", changed) == Trust::changed);
  REQUIRE(deny_project(data.path(), "/p"));
  CHECK(trust_of("/p", sources) == Trust::denied);
  REQUIRE(allow_project(data.path(), "/p", changed));
  CHECK(trust_of("/p", changed) == Trust::allowed);
}

TEST_CASE("trust: a record that is damaged, or of another place, is none") {
  const devenv::test::Scratch data;
  const std::vector<ProjectSource> sources = {{"/p/devenv.toml", "a"}};
  REQUIRE(allow_project(data.path(), "/p", sources));
  const auto files = sys::list_directory(data / "trust");
  REQUIRE(files);
  REQUIRE(files->size() == 1);
  const std::string file = data / ("trust/" + files->front());
  for (
      const char* text :
      {"", "{", "{}", R"({"version":1,"directory":"/q","answer":"allowed","files":[]})",
       R"({"version":1,"directory":"/p","answer":"allowed"})",
       R"({"version":1,"directory":"/p","answer":"allowed","files":[{"path":"/p/devenv.toml"}]})"}) {
    CAPTURE(text);
    REQUIRE(sys::write_file_atomic(file, text));
    CHECK(look_up_trust(data.path(), "/p", sources).trust == Trust::unknown);
  }
}

}  // namespace devenv::profiles

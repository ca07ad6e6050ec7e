// SPDX-License-Identifier: MIT
#include "env/base/app_paths.hpp"

#include <doctest/doctest.h>

#include <map>

using devenv::AppPaths;
using devenv::ErrorCode;

namespace {

auto variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
}

}  // namespace

TEST_CASE("app paths: without variables everything is below the home directory") {
  const auto paths = AppPaths::from_environment(variables({}), "/home/ada");
  REQUIRE(paths);
  CHECK(paths->data == "/home/ada/.local/share/devenv");
  CHECK(paths->config == "/home/ada/.config/devenv");
  CHECK(paths->cache == "/home/ada/.cache/devenv");
  CHECK(paths->store() == "/home/ada/.local/share/devenv/store");
  CHECK(paths->environments() == "/home/ada/.local/share/devenv/envs");
}

TEST_CASE("app paths: absolute variables win, empty and relative ones count as unset") {
  const auto paths = AppPaths::from_environment(variables({{"XDG_DATA_HOME", "/data"},
                                                           {"XDG_CONFIG_HOME", ""},
                                                           {"XDG_CACHE_HOME", "relative/cache"}}),
                                                "/home/ada");
  REQUIRE(paths);
  CHECK(paths->data == "/data/devenv");
  CHECK(paths->config == "/home/ada/.config/devenv");
  CHECK(paths->cache == "/home/ada/.cache/devenv");
}

TEST_CASE("app paths: no home is needed when all variables are set") {
  const auto all =
      variables({{"XDG_DATA_HOME", "/d"}, {"XDG_CONFIG_HOME", "/c"}, {"XDG_CACHE_HOME", "/k"}});
  const auto paths = AppPaths::from_environment(all, "");
  REQUIRE(paths);
  CHECK(paths->cache == "/k/devenv");
}

TEST_CASE("app paths: neither home nor variables is an error that says what to set") {
  for (const std::string home : {"", "relative"}) {
    const auto paths = AppPaths::from_environment(variables({{"XDG_DATA_HOME", "/d"}}), home);
    REQUIRE_FALSE(paths);
    CHECK(paths.error().code() == ErrorCode::unsupported);
    CHECK(paths.error().hint() == "set HOME to an absolute path");
  }
}

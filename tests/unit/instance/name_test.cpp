// SPDX-License-Identifier: MIT
#include "env/instance/name.hpp"

#include <doctest/doctest.h>

using devenv::ErrorCode;
using devenv::instance::EnvironmentName;

TEST_CASE("environment name: accepts letters, digits and inner punctuation") {
  for (const char* name : {"a", "7", "fedora", "fedora-43", "My_box.2", "a--b"}) {
    CAPTURE(name);
    const auto parsed = EnvironmentName::parse(name);
    REQUIRE(parsed);
    CHECK(parsed->string() == name);
  }
  CHECK(EnvironmentName::parse(std::string(63, 'x')));
}

TEST_CASE("environment name: says which rule is broken and proposes a name") {
  struct Case {
    std::string text;
    const char* problem;
    const char* hint;
  };
  const std::vector<Case> cases = {
      {"", "it is empty", ""},
      {"-x", "it must start with a letter or a digit", "try 'x'"},
      {".hidden", "it must start with a letter or a digit", "try 'hidden'"},
      {"..", "it must start with a letter or a digit", ""},
      {"a/b", "only letters, digits, '_', '.' and '-' are allowed", "try 'a-b'"},
      {"my box", "only letters, digits, '_', '.' and '-' are allowed", "try 'my-box'"},
      {"caf\xc3\xa9", "only letters, digits, '_', '.' and '-' are allowed", "try 'caf'"},
      {std::string(64, 'x'), "it is longer than 63 characters", nullptr},
  };
  for (const Case& test : cases) {
    CAPTURE(test.text);
    const auto parsed = EnvironmentName::parse(test.text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code() == ErrorCode::usage);
    CHECK(parsed.error().message() ==
          "'" + test.text + "' is not a name for an environment: " + test.problem);
    if (test.hint != nullptr) {
      CHECK(parsed.error().hint() == test.hint);
    }
  }
}

TEST_CASE("environment name: control characters never reach the message") {
  const auto parsed = EnvironmentName::parse("a\x1b[2J");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message().find('\x1b') == std::string::npos);
}

// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "env/session/inside.hpp"

namespace devenv::session {

TEST_CASE("locales: what every system has, and paths of the user, stay as they are") {
  std::vector<std::string> variables = {
      "LANG=C", "LC_ALL=POSIX", "LC_TIME=", "LC_PAPER=/home/a/x", "LANGUAGE=de:en", "EDITOR=xx_XX"};
  const auto before = variables;
  use_known_locales(variables);
  CHECK(variables == before);
}

TEST_CASE("locales: one that is not there becomes one that is") {
  std::vector<std::string> variables = {"A=b", "LANG=xx_XX.UTF-8", "LC_TIME=xx_XX.ISO8859-1@none"};
  use_known_locales(variables);
  for (const std::size_t index : {1U, 2U}) {
    const std::string value = variables[index].substr(variables[index].find('=') + 1);
    // This machine's C library decides which; never the one that is missing, but on musl.
    const bool known = value == "C.UTF-8" || value == "C" || value.starts_with("xx_XX");
    CHECK_MESSAGE(known, value);
  }
}

}  // namespace devenv::session

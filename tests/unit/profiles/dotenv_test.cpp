// SPDX-License-Identifier: MIT
#include "profiles/dotenv.hpp"

#include <doctest/doctest.h>

using namespace devenv;
using namespace devenv::profiles;

using List = std::vector<std::string>;

TEST_CASE("dotenv: the forms there are") {
  const auto read = parse_dotenv(
      "\xef\xbb\xbf# comment\n\nA=1\nexport B=two words\n C = c \nD='$HOME # \\n'\nE=\"a\\nb\\\"\" "
      "# "
      "more\nF=x#y # z\nG=\nH=a=b\r\n",
      ".env");
  REQUIRE(read.has_value());
  CHECK(*read ==
        List{"A=1", "B=two words", "C=c", "D=$HOME # \\n", "E=a\nb\"", "F=x#y", "G=", "H=a=b"});
}

TEST_CASE("dotenv: a line that is none is told") {
  for (const char* line : {"A", "1A=x", "A B=x", "=x", "A='x", "A=\"x\" y", "A-B=c"}) {
    const auto read = parse_dotenv(std::string("OK=1\n") + line + "\n", ".env");
    CAPTURE(line);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().to_line().find(".env:2:") != std::string::npos);
  }
}

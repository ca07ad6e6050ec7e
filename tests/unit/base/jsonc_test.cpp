// SPDX-License-Identifier: MIT
#include "env/base/jsonc.hpp"

#include <doctest/doctest.h>

#include <array>

#include "env/base/json.hpp"

namespace devenv::json {

TEST_CASE("jsonc: comments and commas at the end become spaces") {
  struct Row {
    const char* text;
    const char* plain;
  };
  for (const Row& row : std::array{
           Row{"{}", "{}"},
           Row{"// a\n{\"b\": 1} // c", "    \n{\"b\": 1}     "},
           Row{"/* a\nb */[1,/* c */2]", "    \n    [1,       2]"},
           Row{"[1, 2,]", "[1, 2 ]"},
           Row{"{\"a\": [1,\n // x\n],\n}", "{\"a\": [1 \n     \n] \n}"},
           Row{"[\"// no\", \"a,]\", \"\\\"/*\", ]", "[\"// no\", \"a,]\", \"\\\"/*\"  ]"},
           // Wrong before, wrong after.
           Row{"[,]", "[,]"},
           Row{"[1,,]", "[1,,]"},
           Row{"/* open", "/* open"},
           Row{"\"open \\", "\"open \\"},
           Row{"1 / 2", "1 / 2"},
       }) {
    CAPTURE(row.text);
    CHECK(without_comments(row.text) == row.plain);
    CHECK(without_comments(row.text).size() == std::string_view(row.text).size());
  }
}

TEST_CASE("jsonc: what is left is read") {
  const auto json = parse(without_comments("{\n  // base\n  \"image\": \"debian\", /* x */\n}\n"));
  REQUIRE(json);
  CHECK(string_or(*json, "image", "") == "debian");
}

}  // namespace devenv::json

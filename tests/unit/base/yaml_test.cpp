// SPDX-License-Identifier: MIT
#include "env/base/yaml.hpp"

#include <doctest/doctest.h>

namespace devenv::yaml {
namespace {

/// One line of JSON, or the error.
std::string parsed(std::string_view text) {
  const auto value = parse(text);
  return value ? json::dump(*value, -1) : value.error().to_line();
}

}  // namespace

TEST_CASE("yaml: maps, lists and scalars") {
  CHECK(parsed("cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n") ==
        R"({"cdiVersion":"0.5.0","kind":"nvidia.com/gpu"})");
  CHECK(parsed("devices:\n- name: \"0\"\n  list: [a, 'b', 3]\n- {name: all}\n") ==
        R"({"devices":[{"name":"0","list":["a","b",3]},{"name":"all"}]})");
  CHECK(parsed("---\na: true\nb: ~\nc:\nd: null\ne: \"true\"\nf: -1\n...\n") ==
        R"({"a":true,"b":null,"c":null,"d":null,"e":"true","f":"-1"})");
  CHECK(parsed("# a comment\nargs:\n    - x::y # another\n    - \"\\u00e4\\n\"\n") ==
        R"({"args":["x::y","ä\n"]})");
}

TEST_CASE("yaml: what surprises is an error") {
  struct Case {
    const char* text;
    const char* problem;
  };
  for (const Case& test : {
           Case{"", "malformed YAML in line 1: expected a document"},
           Case{"a: &x 1\nb: *x\n", "malformed YAML in line 2: aliases are not supported"},
           Case{"a: !!binary aGk=\n", "malformed YAML in line 1: tags are not supported"},
           Case{"a: !x [1]\n", "malformed YAML in line 1: tags are not supported"},
           Case{"a: !x {b: 1}\n", "malformed YAML in line 1: tags are not supported"},
           Case{"a: 1\na: 2\n", "malformed YAML in line 2: key 'a' is there twice or merges"},
           Case{"<<: {a: 1}\n", "malformed YAML in line 1: key '<<' is there twice or merges"},
           Case{"? [a]\n: b\n", "malformed YAML in line 1: a key is not a word"},
           Case{"a: 1\n---\nb: 2\n",
                "malformed YAML in line 2: expected nothing after the first document"},
       }) {
    CAPTURE(test.text);
    CHECK(parsed(test.text) == test.problem);
  }
  CHECK(parsed("a: [1\nb: 2\n").starts_with("malformed YAML in line "));
  CHECK(parsed("a: \x01\n").starts_with("malformed YAML in line "));
  CHECK(parsed("\tb").starts_with("malformed YAML in line "));
}

TEST_CASE("yaml: limits") {
  const json::Limits limits{.max_bytes = 64, .max_depth = 3, .max_members = 2};
  CHECK(yaml::parse("[[[1]]]", limits));
  CHECK(yaml::parse("[[[[1]]]]", limits).error().to_line() ==
        "malformed YAML in line 1: more than 3 levels");
  CHECK(yaml::parse("{a: 1, b: 2, c: 3}", limits).error().to_line() ==
        "malformed YAML in line 1: a map has more than 2 keys");
  CHECK(yaml::parse(std::string(65, ' '), limits).error().code() == ErrorCode::integrity);
  // Deep, but not so that it takes the stack.
  CHECK_FALSE(yaml::parse(std::string(100'000, '[')));
}

}  // namespace devenv::yaml

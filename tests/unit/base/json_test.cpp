// SPDX-License-Identifier: MIT
#include "env/base/json.hpp"

#include <doctest/doctest.h>

using devenv::ErrorCode;
using devenv::Json;
namespace json = devenv::json;

TEST_CASE("json: keeps the order of members") {
  const auto document = json::parse(R"({"z": 1, "a": [true, null, "x"], "m": {}})");
  REQUIRE(document);
  CHECK(json::dump(*document, -1) == R"({"z":1,"a":[true,null,"x"],"m":{}})");
}

TEST_CASE("json: refuses what two readers could understand differently") {
  struct Row {
    const char* text;
    const char* message;
  };
  for (const Row& row : {
           Row{R"({"a": 1, "a": 2})", "JSON object has member 'a' twice"},
           Row{R"({"a": {"b": 1, "c": {}, "b": 2}})", "JSON object has member 'b' twice"},
           Row{R"([{"\u001b": 1, "\u001b": 2}])", "JSON object has member '\\x1b' twice"},
           Row{R"({"a": 1, "\u0061": 2})", "JSON object has member 'a' twice"},
       }) {
    const auto document = json::parse(row.text);
    REQUIRE_FALSE(document);
    CHECK(document.error().code() == ErrorCode::integrity);
    CHECK(document.error().message() == row.message);
  }
  // The same name in different objects is fine.
  CHECK(json::parse(R"([{"a": 1}, {"a": {"a": 1}}])"));
}

TEST_CASE("json: refuses malformed documents and says where") {
  for (const char* text :
       {"", "{", "[1,]", "{} x", "{\"a\" 1}", "// comment\n{}", "{'a': 1}", "[01]", "[1e999]",
        "\"\xff\"", "nul", "[\"\x1b\"]", "\xef\xbb\xbf{} {}"}) {
    CAPTURE(text);
    const auto document = json::parse(text);
    REQUIRE_FALSE(document);
    CHECK(document.error().code() == ErrorCode::integrity);
    CHECK(document.error().message().starts_with("malformed JSON"));
    CHECK(document.error().message().find('\x1b') == std::string::npos);
  }
  CHECK(json::parse("[1, 2 3]").error().message().starts_with("malformed JSON at byte 7:"));
}

TEST_CASE("json: an error never repeats a long document") {
  const auto document = json::parse("[\"" + std::string(100'000, 'x'));
  REQUIRE_FALSE(document);
  CHECK(document.error().message().size() < 400);
}

TEST_CASE("json: limits of size, depth and members hold exactly") {
  CHECK(json::parse("[1,2]", {.max_bytes = 5}));
  CHECK_FALSE(json::parse("[1,2]", {.max_bytes = 4}));

  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(json::parse(nested(64)));
  CHECK_FALSE(json::parse(nested(65)));
  CHECK_FALSE(json::parse(std::string(1'000'000, '[')));
  // Brackets in strings do not count, and a quote that is escaped does not end one.
  CHECK(json::parse(R"(["[[[[\"[[[[", "]]]\\"])", {.max_depth = 1}));

  CHECK(json::parse(R"({"a":1,"b":2})", {.max_members = 2}));
  const auto crowded = json::parse(R"({"a":1,"b":2,"c":3})", {.max_members = 2});
  REQUIRE_FALSE(crowded);
  CHECK(crowded.error().message() == "JSON object has more than 2 members");
}

TEST_CASE("json: getters name the member that is wrong and never throw") {
  const Json object{{"text", "x"},        {"number", 7},       {"negative", -7},
                    {"real", 1.5},        {"flag", true},      {"none", nullptr},
                    {"list", {"a", "b"}}, {"mixed", {"a", 1}}, {"object", Json::object()}};
  CHECK(json::get_string(object, "text") == "x");
  CHECK(json::get_uint(object, "number") == 7U);
  CHECK(json::get_bool(object, "flag") == true);
  CHECK(json::get_strings(object, "list") == std::vector<std::string>{"a", "b"});
  CHECK((*json::get_array(object, "list"))->size() == 2);
  CHECK(json::get_object(object, "object"));

  CHECK(json::get_string(object, "number").error().message() ==
        "member 'number' is missing or not a string");
  CHECK(json::get_uint(object, "negative").error().message() ==
        "member 'negative' is missing or not a number that is not negative");
  CHECK_FALSE(json::get_uint(object, "real"));
  CHECK_FALSE(json::get_bool(object, "none"));
  CHECK_FALSE(json::get_strings(object, "mixed"));
  CHECK_FALSE(json::get_array(object, "object"));
  CHECK_FALSE(json::get_object(object, "list"));
  CHECK_FALSE(json::get_object(Json("no object"), "list"));
  CHECK(json::get_string(object, "absent").error().code() == ErrorCode::integrity);

  CHECK(json::find(object, "none") == nullptr);
  CHECK(json::find(Json(1), "x") == nullptr);
  CHECK(json::find(object, "flag") != nullptr);
  CHECK(json::string_or(object, "text", "y") == "x");
  CHECK(json::string_or(object, "number", "y") == "y");
  CHECK(json::string_or(object, "absent", "y") == "y");
}

TEST_CASE("json: malformed UTF-8 is replaced when written") {
  CHECK(json::dump(Json{{"name",
                         "a\xff"
                         "b"}},
                   -1) ==
        "{\"name\":\"a\xef\xbf\xbd"
        "b\"}");
}

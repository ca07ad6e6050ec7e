// SPDX-License-Identifier: MIT
#include "env/export/unit_file.hpp"

#include <doctest/doctest.h>

#include "env/export/environment_file.hpp"

namespace {

using namespace devenv::exporting;
using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("unit file: lines") {
  struct Row {
    const char* text;
    std::vector<Assignment> wanted;
  };
  const Row rows[] = {
      {"", {}},
      {"[A]\nK=v", {{"A", "K", "v"}}},
      {"[A]\r\n K \t= v \r\n", {{"A", "K", "v"}}},
      {"# c\n; c\n[A]\n#K=v\nK=v # no comment\n", {{"A", "K", "v # no comment"}}},
      {"[A]\nK=a\\\n  b\\\nc\nL=d\n", {{"A", "K", "a b c"}, {"A", "L", "d"}}},
      {"[A]\nK=a\\\n# between\nb\n", {{"A", "K", "a b"}}},
      {"[A]\nK=a\\\n\nL=b\n", {{"A", "K", "a"}, {"A", "L", "b"}}},
      {"[A]\nK=a\\\\\nL=b\n", {{"A", "K", "a\\\\"}, {"A", "L", "b"}}},
      {"[A]\nK=a\\", {{"A", "K", "a"}}},
      {"[A]\rK=a\rL=b\n\rM=c", {{"A", "K", "a"}, {"A", "L", "b"}, {"A", "M", "c"}}},
      {"K=v\n[A\nK=v\n[B]\nno\n=x\na b=x\nK=\n", {{"B", "K", ""}}},
      {"[A]\nK=1\n[B]\nK=2\n[A]\nK=3\n", {{"A", "K", "1"}, {"B", "K", "2"}, {"A", "K", "3"}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_unit(row.text) == row.wanted);
  }
}

TEST_CASE("unit file: words") {
  struct Row {
    const char* value;
    Strings words;
    Strings contents;
  };
  const Row rows[] = {
      {"", {}, {}},
      {"  a\tb  ", {"a", "b"}, {"a", "b"}},
      {R"("a b" 'c "d"' e)", {R"("a b")", R"('c "d"')", "e"}, {"a b", "c \"d\"", "e"}},
      {R"(a\ b "c\"d" \x41\n)", {R"(a\ b)", R"("c\"d")", R"(\x41\n)"}, {"a b", "c\"d", "A\n"}},
      {R"(A="b c"d)", {R"(A="b c"d)"}, {"A=b cd"}},
      {R"("not ended)", {R"("not ended)"}, {"not ended"}},
      {R"(a\)", {R"(a\)"}, {"a\\"}},
      {R"(\101\u20ac\U0001f600\q\8)", {R"(\101\u20ac\U0001f600\q\8)"}, {"A\u20ac\U0001f600q8"}},
      {R"("" b)", {R"("")", "b"}, {"", "b"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    const Strings words = split_words(row.value);
    CHECK_EQ(words, row.words);
    REQUIRE_EQ(words.size(), row.contents.size());
    for (std::size_t at = 0; at < words.size(); ++at) {
      CHECK_EQ(unquote_word(words[at]), row.contents[at]);
    }
  }
}

TEST_CASE("unit file: a quoted word gives its content back") {
  for (const char* content :
       {"", "a", "a b", "\"", "\\", "a\\nb", "x\ny", "\r", "$5", "%h", ";", "'", "\u00e4"}) {
    CHECK_EQ(unquote_word(plain_word(content)), content);
    CHECK_NE(plain_word(content), ";");
    CAPTURE(content);
    const std::string word = quote_word(content, Dollars::plain);
    CHECK_EQ(split_words(word), Strings{word});
    CHECK_EQ(unquote_word(word), content);
  }
  CHECK_EQ(quote_word("$a", Dollars::doubled), "\"$$a\"");
  CHECK_EQ(without_specifiers("100%"), "100%%");
}

TEST_CASE("unit file: specifiers") {
  const auto value = [](char c) {
    return c == 'n' ? std::optional<std::string>("<%i>") : std::nullopt;
  };
  CHECK_EQ(replace_specifiers("%n %%n %h %", value), "<%i> %%n %h %");
}

TEST_CASE("unit file: names") {
  struct Row {
    const char* name;
    bool valid;
    const char* prefix;
    std::optional<std::string> instance;
    const char* type;
  };
  const Row rows[] = {
      {"a.service", true, "a", std::nullopt, "service"},
      {"a@.service", true, "a", "", "service"},
      {"a@b.c@d.timer", true, "a", "b.c@d", "timer"},
      {"org.x.y.service", true, "org.x.y", std::nullopt, "service"},
      {"a", false, "a", std::nullopt, ""},
      {"a b.service", false, "a b", std::nullopt, "service"},
      {"../a.service", false, "../a", std::nullopt, "service"},
      {"@a.service", false, "", "a", "service"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const UnitName parts = UnitName::parse(row.name);
    CHECK_EQ(is_unit_name(row.name), row.valid);
    CHECK_EQ(parts.prefix, row.prefix);
    CHECK(parts.instance == row.instance);
    CHECK_EQ(parts.type, row.type);
    CHECK_EQ(parts.string(), row.name);
  }
  CHECK(UnitName::parse("a@b.service").template_name() == "a@.service");
  CHECK_FALSE(UnitName::parse("a.service").template_name());
  CHECK_FALSE(is_unit_name(std::string(248, 'a') + ".service"));
  CHECK_EQ(unescape_unit_name("a-b\\x2dc"), "a/b-c");
  CHECK_EQ(unescape_unit_name("a\\x"), "a\\x");
}

TEST_CASE("unit file: files of variables") {
  using Variables = std::vector<std::pair<std::string, std::string>>;
  struct Row {
    const char* text;
    Variables wanted;
  };
  const Row rows[] = {
      {"", {}},
      {"A=1\nB=2", {{"A", "1"}, {"B", "2"}}},
      {"# A=1\n; B=2\n\n  C = x y  \n", {{"C", "x y"}}},
      {"# goes on \\\nA=1\nB=2\n", {{"B", "2"}}},
      {"A=\nB=''\n", {{"A", ""}, {"B", ""}}},
      {"A=\"x # y\" \nB='a\\b'\n", {{"A", "x # y"}, {"B", "a\\b"}}},
      {"A=\"a\\\"b\\\\c\\d\"\n", {{"A", "a\"b\\c\\d"}}},
      {"A=a\\ b\\\nc\n", {{"A", "a bc"}}},
      {"A=\"two\nlines\"\n", {{"A", "two\nlines"}}},
      {"A='x'y\"z\"\n", {{"A", "xyz"}}},
      {"no variable\n1A=x\nexport B=x\nC=$D\n", {{"C", "$D"}}},
      {"A=x\r\nB=y\r\n", {{"A", "x"}, {"B", "y"}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_environment_file(row.text) == row.wanted);
  }
}

// SPDX-License-Identifier: MIT
#include "env/base/text.hpp"

#include <doctest/doctest.h>

#include <string>

namespace text = devenv::text;
using Views = std::vector<std::string_view>;

TEST_CASE("text: splits at every separator") {
  CHECK(text::split("", ':') == Views{""});
  CHECK(text::split("a", ':') == Views{"a"});
  CHECK(text::split("a::b:", ':') == Views{"a", "", "b", ""});
}

TEST_CASE("text: lines have no newline and no empty last one") {
  CHECK(text::lines("").empty());
  CHECK(text::lines("\n") == Views{""});
  CHECK(text::lines("a\n\nb") == Views{"a", "", "b"});
  CHECK(text::lines("a\nb\n") == Views{"a", "b"});
}

TEST_CASE("text: trims and lowers ASCII only") {
  CHECK(text::trim(" \t\r\n a b \v\f") == "a b");
  CHECK(text::trim(" \n ").empty());
  CHECK(text::to_lower("AZaz09_\xc3\x84") == "azaz09_\xc3\x84");
}

TEST_CASE("text: numbers fill the whole text") {
  CHECK(text::parse_number("0") == 0U);
  CHECK(text::parse_number("007") == 7U);
  CHECK(text::parse_number("18446744073709551615") == 18446744073709551615ULL);
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "18446744073709551616"}) {
    CAPTURE(bad);
    CHECK_FALSE(text::parse_number(bad));
  }
}

TEST_CASE("text: a pattern has one '*' at most, anywhere") {
  CHECK(text::fits("LC_TIME", "LC_*"));
  CHECK(text::fits("LC_", "LC_*"));
  CHECK_FALSE(text::fits("LC", "LC_*"));
  CHECK(text::fits("TZ", "TZ"));
  CHECK_FALSE(text::fits("TZDIR", "TZ"));
  CHECK(text::fits("http_proxy", "*_proxy"));
  CHECK(text::fits("XDG_DATA_DIRS", "XDG_*_DIRS"));
  CHECK_FALSE(text::fits("XDG_DIRS", "XDG_*_DIRS"));
  CHECK(text::fits("", "*"));
}

TEST_CASE("text: shell_quote makes one word of any bytes") {
  struct Row {
    std::string word;
    std::string quoted;
  };
  for (const Row& row : {
           Row{"", "''"},
           Row{"plain-1.2_3/x:y@z%+,", "plain-1.2_3/x:y@z%+,"},
           Row{"--option=value", "--option=value"},
           Row{"/path=x", "/path=x"},
           Row{"NAME=value", "'NAME=value'"},
           Row{"two words", "'two words'"},
           Row{"it's", "'it'\\''s'"},
           Row{"$(rm)", "'$(rm)'"},
           Row{"~", "'~'"},
           Row{"a\nb", "'a\nb'"},
           Row{"*", "'*'"},
           Row{"\xc3\xa4", "'\xc3\xa4'"},
       }) {
    CHECK(text::shell_quote(row.word) == row.quoted);
  }
}

TEST_CASE("text: sanitize leaves text alone and shows everything a terminal would act on") {
  struct Row {
    std::string raw;
    std::string safe;
  };
  for (const Row& row : {
           Row{"", ""},
           Row{"plain ~ text", "plain ~ text"},
           Row{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
           Row{"\x1b[31mred", "\\x1b[31mred"},
           Row{"a\r\n\tb", "a\\x0d\\x0a\\x09b"},
           Row{"\x7f", "\\x7f"},
           Row{std::string("\0", 1), "\\x00"},
           Row{"\xc2\x9b"
               "31m",
               "\\xc2\\x9b31m"},           // C1 control: CSI in one character
           Row{"\xc2\xa0", "\xc2\xa0"},    // the first one after C1
           Row{"\xff", "\\xff"},           // never in UTF-8
           Row{"\xc2\xad", "\\xc2\\xad"},  // soft hyphen
           Row{"\xd8\x9c", "\\xd8\\x9c"},  // U+061C, turns around what follows
           Row{"\xd8\xa7", "\xd8\xa7"},    // a letter
           Row{"\xef\xbf\xb9", "\\xef\\xbf\\xb9"},
           Row{"\xc3", "\\xc3"},  // cut off
           Row{"\xe2\x82", "\\xe2\\x82"},
           Row{"\xc0\xaf", "\\xc0\\xaf"},  // overlong '/'
           Row{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
           Row{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
           Row{"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // surrogate
           Row{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond U+10FFFF
           Row{"\x80"
               "a",
               "\\x80a"},
       }) {
    CHECK(text::sanitize(row.raw) == row.safe);
    CHECK(text::sanitize(text::sanitize(row.raw)) == row.safe);
  }
}

TEST_CASE("text: closest finds typing errors and nothing else") {
  const std::vector<std::string> commands = {"create", "enter", "list", "remove", "stop"};
  struct Row {
    const char* word;
    const char* found;  ///< "" if nothing is close enough
  };
  for (const Row& row : {
           Row{"enetr", "enter"},
           Row{"netre", ""},  // two edits are too many for five letters
           Row{"entr", "enter"},
           Row{"lst", "list"},
           Row{"creat", "create"},
           Row{"cretae", "create"},
           Row{"stop", "stop"},
           Row{"x", ""},
           Row{"", ""},
           Row{"completely-different", ""},
       }) {
    CAPTURE(row.word);
    CHECK(text::closest(row.word, commands).value_or("") == row.found);
  }
  CHECK_FALSE(text::closest("a", {}));
}

TEST_CASE("text: percent signs with two hexadecimal digits are decoded, all others stay") {
  CHECK(text::percent_decode("") == "");
  CHECK(text::percent_decode("/a%20b%2Fc%2fd") == "/a b/c/d");
  CHECK(text::percent_decode("%41%") == "A%");
  CHECK(text::percent_decode("%4") == "%4");
  CHECK(text::percent_decode("%zz%4g%%41") == "%zz%4g%A");
  CHECK(text::percent_decode("%2541") == "%41");  // once
  CHECK(text::percent_decode("%00") == std::string(1, '\0'));
  CHECK(text::percent_decode("%ff%C3%84+") == "\xff\xc3\x84+");
}

TEST_CASE("text: the base name is what stands behind the last slash") {
  CHECK(text::base_name("/usr/bin/rg") == "rg");
  CHECK(text::base_name("rg") == "rg");
  CHECK(text::base_name("/") == "");
  CHECK(text::base_name("") == "");
}

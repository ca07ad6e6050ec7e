// SPDX-License-Identifier: MIT
#include "env/export/exec_line.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>

#include "env/export/desktop_entry.hpp"

namespace {

using namespace devenv::exporting;
using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("exec: arguments are what launchers make of them") {
  struct Row {
    const char* value;
    Strings arguments;
    const char* written;
  };
  const std::array rows = {
      Row{"gimp-2.10 %U", {"gimp-2.10", "%U"}, "gimp-2.10 %U"},
      Row{"  gedit \t %U ", {"gedit", "%U"}, "gedit %U"},
      Row{"a \"b c\" d", {"a", "b c", "d"}, "a \"b c\" d"},
      Row{"\"/opt/A B/x\" --y", {"/opt/A B/x", "--y"}, "\"/opt/A B/x\" --y"},
      Row{R"(a "\"\`\$\\")", {"a", "\"`$\\"}, R"(a "\"\`\$\\")"},
      Row{R"(a "\n\x")", {"a", "\\n\\x"}, R"(a "\\n\\x")"},
      Row{"sh -c 'echo \"$1\"' x", {"sh", "-c", "echo \"$1\"", "x"}, R"(sh -c "echo \"\$1\"" x)"},
      Row{R"(a 'b\')", {"a", "b\\"}, R"(a "b\\")"},
      Row{R"(a b\ c \%)", {"a", "b c", "%"}, R"(a "b c" %)"},
      Row{"a --file=\"%f\"", {"a", "--file=%f"}, "a --file=%f"},
      Row{"a \"%f\"", {"a", "%f"}, "a %f"},
      Row{"a \"%f x\"", {"a", "%f x"}, "a \"%f x\""},
      Row{"a %% \"%%\"", {"a", "%%", "%%"}, "a %% %%"},
      Row{"a \"\" ''", {"a", "", ""}, "a \"\" \"\""},
      Row{"env A=b\" c\" d", {"env", "A=b c", "d"}, "env \"A=b c\" d"},
      Row{"a\\", {"a\\"}, R"("a\\")"},
      Row{"a\nb", {"a", "b"}, "a b"},
      Row{"a ~/x #y", {"a", "~/x", "#y"}, "a \"~/x\" \"#y\""},
      Row{"\xC3\xA4 \xE4", {"\xC3\xA4", "\xE4"}, "\xC3\xA4 \xE4"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    const auto arguments = parse_exec(row.value);
    REQUIRE(arguments);
    CHECK_EQ(*arguments, row.arguments);
    CHECK_EQ(format_exec(*arguments), row.written);
    CHECK_EQ(*parse_exec(row.written), row.arguments);
  }
}

TEST_CASE("exec: what cannot be read is refused") {
  for (const char* value : {"a \"b", "a 'b", "\"", "a \"b\\\"", "a b\"c\" 'd"}) {
    CAPTURE(value);
    const auto arguments = parse_exec(value);
    REQUIRE_FALSE(arguments);
    CHECK_EQ(arguments.error().to_line(), "a quote in Exec does not end");
  }
  for (const char* value : {"", "  ", "\t\n"}) {
    const auto arguments = parse_exec(value);
    REQUIRE_FALSE(arguments);
    CHECK_EQ(arguments.error().to_line(), "there is no program in Exec");
  }
}

TEST_CASE("exec: the specification's own examples, through both layers") {
  // "a literal backslash in a quoted argument is four, a literal dollar is \\$"
  const auto entry = DesktopEntry::parse("[Desktop Entry]\nExec=a \"\\\\\\\\\" \"\\\\$x\"\n");
  REQUIRE(entry);
  const auto arguments = parse_exec(entry->string(kMainGroup, "Exec").value_or(""));
  REQUIRE(arguments);
  CHECK_EQ(*arguments, Strings{"a", "\\", "$x"});
  CHECK_EQ(escape_string(format_exec(*arguments)), "a \"\\\\\\\\\" \"\\\\$x\"");
}

TEST_CASE("exec: any arguments come back through both layers") {
  constexpr std::string_view kBytes = " \t\n\r\"'\\<>~|&;$*?#()`%=fUabc-\x01\x7F\xC3\xA4\xFF";
  std::mt19937 random(20260801);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  std::uniform_int_distribution<std::size_t> byte(0, kBytes.size() - 1);
  std::uniform_int_distribution<std::size_t> length(0, 12);
  for (int round = 0; round < 3000; ++round) {
    Strings arguments(1 + length(random) / 3);
    for (std::string& argument : arguments) {
      for (std::size_t left = length(random); left > 0; --left) {
        argument += kBytes[byte(random)];
      }
    }
    DesktopEntry entry = *DesktopEntry::parse("[Desktop Entry]\n");
    entry.set_string(kMainGroup, "Exec", format_exec(arguments));
    const auto again = DesktopEntry::parse(entry.to_string());
    REQUIRE(again);
    const auto read = parse_exec(again->string(kMainGroup, "Exec").value_or(""));
    REQUIRE(read);
    CHECK_EQ(*read, arguments);
  }
}

TEST_CASE("exec: field codes") {
  for (const char* code : {"%f", "%F", "%u", "%U"}) {
    CHECK(is_file_code(code));
  }
  for (const char* other : {"%", "%i", "%%", "f", "%ff", "--x=%f", ""}) {
    CHECK_FALSE(is_file_code(other));
  }
  CHECK_EQ(literal_argument("100% %U"), "100%% %%U");
  struct Row {
    const char* argument;
    const char* replaced;
  };
  const std::array rows = {
      Row{"%k", "K"}, Row{"a%kb%k", "aKbK"}, Row{"%%k", "%%k"}, Row{"%%%k", "%%K"}, Row{"%f", "%f"},
      Row{"%", "%"},  Row{"k%", "k%"},       Row{"", ""},       Row{"%x%k", "%xK"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.argument);
    CHECK_EQ(replace_codes(row.argument,
                           [](char code) {
                             return code == 'k' ? std::optional<std::string>("K") : std::nullopt;
                           }),
             row.replaced);
  }
}

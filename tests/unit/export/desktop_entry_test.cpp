// SPDX-License-Identifier: MIT
#include "env/export/desktop_entry.hpp"

#include <doctest/doctest.h>

#include <array>

namespace {

using devenv::exporting::DesktopEntry;
using devenv::exporting::escape_string;
using devenv::exporting::kMainGroup;
using devenv::exporting::unescape_string;
using Strings = std::vector<std::string>;

DesktopEntry parsed(std::string_view text) {
  auto entry = DesktopEntry::parse(text);
  REQUIRE_MESSAGE(entry, text);
  return *std::move(entry);
}

}  // namespace

TEST_CASE("desktop entry: what was not changed is written as it was read") {
  const std::array texts = {
      "[Desktop Entry]\nName=x\n",
      "[Desktop Entry]\nName=x",
      "[Desktop Entry]",
      "# first\n\n[Desktop Entry]\n  Name  =  x  \n\n# between\nExec = y\n\n\n",
      "\xEF\xBB\xBF[Desktop Entry]\nName=x\n",
      "[Desktop Entry]\r\nName=x\r\n\r\nExec=y\r\n",
      "[Desktop Entry]\r\nName=x\nExec=y\r",
      "Name=before\n[Desktop Entry]\nno equals sign\n=no key\n[not ended\nName=z\n",
      "[Desktop Entry]\nName=a\n[X]\nName=b\n[Desktop Entry]\nName=c\nName=d\n",
      "[Desktop Entry]\nName=\xE4\xF6\n",
      "\n\n[Desktop Entry] # not a comment\nName[de_DE.UTF-8@euro]=\n",
  };
  for (const std::string_view text : texts) {
    CHECK_EQ(parsed(text).to_string(), text);
  }
}

TEST_CASE("desktop entry: what cannot be one is refused") {
  const auto no_group = DesktopEntry::parse("[Something Else]\nName=x\n");
  REQUIRE_FALSE(no_group);
  CHECK_EQ(no_group.error().to_line(), "it is no desktop entry: there is no group [Desktop Entry]");
  CHECK_FALSE(DesktopEntry::parse(""));
  CHECK_FALSE(DesktopEntry::parse("Name=x\n"));
  const auto zero = DesktopEntry::parse(std::string_view("[Desktop Entry]\n\0", 17));
  REQUIRE_FALSE(zero);
  CHECK_EQ(zero.error().to_line(), "it is no desktop entry: there is a zero byte in it");
}

TEST_CASE("desktop entry: groups and keys are listed in their order") {
  const DesktopEntry entry = parsed(
      "[Desktop Entry]\nName=a\nName[de]=b\n[Desktop Action new]\nExec=c\n"
      "[Desktop Entry]\nType=d\nName=e\n");
  CHECK_EQ(entry.groups(), Strings{"Desktop Entry", "Desktop Action new"});
  CHECK_EQ(entry.keys(kMainGroup), Strings{"Name", "Name[de]", "Type"});
  CHECK_EQ(entry.keys("Desktop Action new"), Strings{"Exec"});
  CHECK_EQ(entry.keys("none"), Strings{});
}

TEST_CASE("desktop entry: values are what launchers take them to be") {
  struct Row {
    const char* lines;
    const char* key;
    std::optional<std::string> raw;
  };
  const std::array rows = {
      Row{"Name=x", "Name", "x"},
      Row{"Name = x", "Name", "x"},
      Row{"  Name\t=\tx", "Name", "x"},
      Row{"Name=x ", "Name", "x "},
      Row{"Name=x\r", "Name", "x"},
      Row{"Name=", "Name", ""},
      Row{"Name=a=b", "Name", "a=b"},
      Row{"Name=a # b", "Name", "a # b"},
      Row{"#Name=a", "Name", std::nullopt},
      Row{"Name=a\nName=b", "Name", "b"},
      Row{"name=a", "Name", std::nullopt},
      Row{"Name[de]=a", "Name[de]", "a"},
      Row{"Name[]=a", "Name[]", "a"},
      Row{"Name [de]=a", "Name [de]", "a"},
      Row{"Some Key_1=a", "Some Key_1", "a"},
      Row{"Na[me=a", "Na[me", std::nullopt},
      Row{"Name[d e]=a", "Name[d e]", std::nullopt},
      Row{"Name[de]x=a", "Name[de]x", std::nullopt},
      Row{"[Other]\nName=a\n[Desktop Entry]\nName=b", "Name", "b"},
      Row{"[Other] tail\nName=a", "Name", std::nullopt},
      Row{"[Other\nName=a", "Name", std::nullopt},
      Row{"Name=a", "", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.lines);
    CHECK_EQ(parsed("[Desktop Entry]\n" + std::string(row.lines)).raw(kMainGroup, row.key),
             row.raw);
  }
}

TEST_CASE("desktop entry: types of values") {
  const DesktopEntry entry = parsed(
      "[Desktop Entry]\nS=\\sa\\tb\\nc\\\\d\\\"e\\\nT=true\nO=1\nF=false \nZ=0\nW=True\n"
      "L=a;b\\;c;;d\\\\;e\\s;\nM=a;b\nE=\n");
  CHECK_EQ(entry.string(kMainGroup, "S"), " a\tb\nc\\d\\\"e\\");
  CHECK_EQ(entry.string(kMainGroup, "none"), std::nullopt);
  CHECK(entry.boolean(kMainGroup, "T"));
  CHECK(entry.boolean(kMainGroup, "O"));
  CHECK_FALSE(entry.boolean(kMainGroup, "F", true));
  CHECK_FALSE(entry.boolean(kMainGroup, "Z", true));
  CHECK(entry.boolean(kMainGroup, "W", true));
  CHECK_FALSE(entry.boolean(kMainGroup, "none"));
  CHECK_EQ(entry.list(kMainGroup, "L"), Strings{"a", "b;c", "", "d\\", "e "});
  CHECK_EQ(entry.list(kMainGroup, "M"), Strings{"a", "b"});
  CHECK_EQ(entry.list(kMainGroup, "E"), Strings{});
}

TEST_CASE("desktop entry: the value of a locale is the one that fits best") {
  struct Row {
    const char* locale;
    const char* name;
  };
  const DesktopEntry entry = parsed(
      "[Desktop Entry]\nName=plain\nName[sr]=sr\nName[sr@Latn]=sr@Latn\nName[sr_YU]=sr_YU\n"
      "Name[sr_RS@Latn]=sr_RS@Latn\nName[de]=de\n");
  const std::array rows = {
      Row{"sr_YU@Latn", "sr_YU"},
      Row{"sr_RS.UTF-8@Latn", "sr_RS@Latn"},
      Row{"sr_ME@Latn", "sr@Latn"},
      Row{"sr@Latn", "sr@Latn"},
      Row{"sr_ME", "sr"},
      Row{"de_AT.UTF-8", "de"},
      Row{"de", "de"},
      Row{"fr_FR.UTF-8", "plain"},
      Row{"C", "plain"},
      Row{"C.UTF-8", "plain"},
      Row{"POSIX", "plain"},
      Row{"", "plain"},
      Row{"@euro", "plain"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.locale);
    CHECK_EQ(entry.localized(kMainGroup, "Name", row.locale), row.name);
  }
  CHECK_EQ(entry.localized(kMainGroup, "Comment", "de"), std::nullopt);
}

TEST_CASE("desktop entry: a change touches only what it is about") {
  struct Row {
    const char* before;
    const char* value;
    const char* after;
  };
  const std::array rows = {
      Row{"[Desktop Entry]\nIcon = a\nName=n\n", "b", "[Desktop Entry]\nIcon = b\nName=n\n"},
      Row{"[Desktop Entry]\r\nIcon=a\r\n", "b", "[Desktop Entry]\r\nIcon=b\r\n"},
      Row{"[Desktop Entry]\nName=n", "b", "[Desktop Entry]\nName=n\nIcon=b\n"},
      Row{"[Desktop Entry]\r\nName=n", "b", "[Desktop Entry]\r\nName=n\r\nIcon=b\r\n"},
      Row{"[Desktop Entry]\nIcon=a\nIcon=c\n", "b", "[Desktop Entry]\nIcon=b\n"},
      Row{"[Desktop Entry]\nName=n\n\n# of x\n[X]\nIcon=x\n", "b",
          "[Desktop Entry]\nName=n\nIcon=b\n\n# of x\n[X]\nIcon=x\n"},
      Row{"[Desktop Entry]\nIcon=\n", "b", "[Desktop Entry]\nIcon=b\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.before);
    DesktopEntry entry = parsed(row.before);
    entry.set_raw(kMainGroup, "Icon", row.value);
    CHECK_EQ(entry.to_string(), row.after);
    CHECK_EQ(parsed(row.after).raw(kMainGroup, "Icon"), row.value);
  }
}

TEST_CASE("desktop entry: groups come and go") {
  DesktopEntry entry = parsed("[Desktop Entry]\nA=1\nA=2\n[X]\n# c\nA=3\n[Y]\nA=4\n[X]\nB=5\n");
  entry.set_string("Z", "A", " a\nb ");
  CHECK_EQ(entry.string("Z", "A"), " a\nb ");
  entry.remove_group("X");
  CHECK_EQ(entry.to_string(), "[Desktop Entry]\nA=1\nA=2\n[Y]\nA=4\n[Z]\nA=\\sa\\nb\\s\n");
  entry.remove(kMainGroup, "A");
  CHECK_EQ(entry.to_string(), "[Desktop Entry]\n[Y]\nA=4\n[Z]\nA=\\sa\\nb\\s\n");
}

TEST_CASE("desktop entry: what GLib refuses becomes a comment") {
  DesktopEntry entry = parsed(
      "A=early\n# kept\n[Desktop Entry] tail\r\nA=1\n<<<<<<< HEAD\n=x\nName[d e]=y\n[X\nB=2\n");
  entry.comment_out_malformed();
  const std::string text = entry.to_string();
  CHECK_EQ(text,
           "# A=early\n# kept\n[Desktop Entry]\r\nA=1\n# <<<<<<< HEAD\n# =x\n# Name[d e]=y\n"
           "[X]\nB=2\n");
  CHECK_EQ(parsed(text).raw("X", "B"), "2");
}

TEST_CASE("desktop entry: escapes of strings are undone by their inverse") {
  for (const std::string_view text :
       {"", " ", "  ", "\f\v a", " a b ", "a\\b", "\\\\", "\\s", "a\nb\tc\rd", "a;b", "\"$`%"}) {
    CHECK_EQ(unescape_string(escape_string(text)), text);
    DesktopEntry entry = parsed("[Desktop Entry]\n");
    entry.set_string(kMainGroup, "Key", text);
    CHECK_EQ(parsed(entry.to_string()).string(kMainGroup, "Key"), text);
  }
}

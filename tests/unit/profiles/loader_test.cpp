// SPDX-License-Identifier: MIT
// What is wrong with a profile file, to the column.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "profiles/profile.hpp"

namespace devenv::profiles {
namespace {

/// Line 1 to 4 are the required keys, line 5 is empty.
constexpr const char* kHead =
    "name = \"demo\"\n"
    "summary = \"A demo\"\n"
    "default-release = \"2\"\n"
    "package-manager = \"apt\"\n"
    "\n";
constexpr const char* kRelease =
    "[[release]]\n"
    "name = \"2\"\n"
    "image = \"docker.io/library/demo:2\"\n";

std::string with_head(const std::string& rest) {
  return kHead + rest;
}
std::string with_release(const std::string& rest) {
  return std::string(kHead) + kRelease + rest;
}

struct Case {
  const char* subject;
  std::string text;
  std::vector<std::string> expected;  ///< "line:column: message [hint]"
};

std::vector<std::string> diagnostics_of(const std::string& text, const std::string& file) {
  std::vector<std::string> found;
  for (const Diagnostic& each : parse_profile(text, file).diagnostics) {
    std::string line = each.to_string();
    CHECK(line.substr(0, file.size() + 1) == file + ":");
    line.erase(0, file.size() + 1);
    found.push_back(each.hint.empty() ? line : line + " [" + each.hint + "]");
  }
  return found;
}

void check_cases(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    CAPTURE(each.subject);
    CHECK(diagnostics_of(each.text, "dir/demo.toml") == each.expected);
    CHECK(parse_profile(each.text, "dir/demo.toml").profile.has_value() == each.expected.empty());
  }
}

}  // namespace

TEST_CASE("profile loader: reads every key") {
  const Loaded loaded = parse_profile(
      "name = \"demo\"\nsummary = \"A demo\"\ndefault-release = \"two\"\n"
      "package-manager = \"apt\"\n"
      "[bootstrap]\ndistribution = \"debian\"\n"
      "[[release]]\nname = \"2\"\naliases = [\"two\", \"latest\"]\nimage = \"demo:2\"\n"
      "bootstrap = \"twosuite\"\n"
      "[[release]]\nname = \"1\"\nimage = \"demo:1\"\n",
      "/etc/demo.toml");
  REQUIRE(loaded.diagnostics.empty());
  REQUIRE(loaded.profile);
  const Profile& profile = *loaded.profile;
  CHECK(profile.name == "demo");
  CHECK(profile.summary == "A demo");
  CHECK(profile.origin == "/etc/demo.toml");
  CHECK(profile.default_release == "two");
  CHECK(profile.package_manager == "apt");
  CHECK(profile.bootstrap_distribution == "debian");
  REQUIRE(profile.releases.size() == 2);
  CHECK(profile.releases[0].name == "2");
  CHECK(profile.releases[0].aliases == std::vector<std::string>{"two", "latest"});
  CHECK(profile.releases[0].image == "demo:2");
  CHECK(profile.releases[0].bootstrap_suite == "twosuite");
  CHECK(profile.releases[1].name == "1");
  CHECK(profile.releases[1].aliases.empty());
  CHECK(profile.releases[1].bootstrap_suite.empty());
}

TEST_CASE("profile loader: exports") {
  const auto exports_of = [](const std::string& text) {
    const Loaded loaded = parse_profile(with_head(text + kRelease), "demo.toml");
    REQUIRE(loaded.profile);
    return loaded.profile->exports;
  };
  using Texts = std::vector<std::string>;
  CHECK_FALSE(exports_of("").any());
  CHECK_FALSE(exports_of("[exports]\nauto = false\n").any());
  CHECK(exports_of("[exports]\nauto = true\n").automatic);
  const auto wishes =
      exports_of("[exports]\napps = [\"gimp\", \"A B\"]\nbins = [\"rg\"]\nservices = [\"s\"]\n");
  CHECK(wishes.any());
  CHECK_FALSE(wishes.automatic);
  CHECK(wishes.apps == Texts{"gimp", "A B"});
  CHECK(wishes.binaries == Texts{"rg"});
  CHECK(wishes.services == Texts{"s"});
}

TEST_CASE("profile loader: reports what TOML itself refuses") {
  // The wording is the parser's; the place is what counts.
  struct Place {
    std::string text;
    std::uint32_t line;
    std::uint32_t column;
  };
  const std::vector<Place> places = {
      {"name = \"demo\n", 1, 13},
      {"name = \"demo\"\nsummary\n", 2, 8},
      {"name = \"a\"\nname = \"b\"\n", 2, 8},
      {"[[release]\n", 1, 11},
      {"name = \"\x01\"\n", 1, 9},
      {"name = \"\xff\"\n", 1, 8},
      // What toml++ 3.3 stumbles over unless it is told not to (profiles/toml.cpp).
      {"[=]\n", 1, 2},
      {"a = \"\" \xc3\xa9\n", 1, 8},
      {"\xef\xb6\xbf", 1, 1},
      {"a = " + std::string(1000, '['), 1, 261},
  };
  for (const Place& place : places) {
    CAPTURE(place.text);
    const Loaded loaded = parse_profile(place.text, "demo.toml");
    CHECK_FALSE(loaded.profile);
    REQUIRE(loaded.diagnostics.size() == 1);
    CHECK(loaded.diagnostics[0].line == place.line);
    CHECK(loaded.diagnostics[0].column == place.column);
    CHECK_FALSE(loaded.diagnostics[0].message.empty());
  }
}

TEST_CASE("profile loader: checks keys against the schema") {
  check_cases({
      {"complete", with_release(""), {}},
      {"empty file",
       "",
       {"1:1: missing key 'name' [name: what people type; the file is called `NAME.toml`]",
        "1:1: missing key 'summary' [summary: one line for `devenv profile list`]",
        "1:1: missing key 'default-release' [default-release: name or alias of the release that is "
        "meant when none is given]",
        "1:1: missing key 'package-manager' [package-manager: `apk`, `apt`, `apt-rpm`, `dnf`, "
        "`emerge`, `pacman`, `slackpkg`, `xbps`, `yum` or `zypper`]",
        "1:1: missing key 'release' [release: one for each release, newest stable first]"}},
      {"misspelt key",
       with_release("imge = \"x\"\n"),
       {"9:1: unknown key 'imge' [did you mean 'image'?]"}},
      {"key of another table",
       with_release("distribution = \"debian\"\n"),
       {"9:1: unknown key 'distribution' [known keys: name, aliases, image, bootstrap, "
        "package-manager, tools]"}},
      {"misspelt table, then the missing one",
       with_head("[[relaese]]\nname = \"2\"\n"),
       {"1:1: missing key 'release' [release: one for each release, newest stable first]",
        "6:3: unknown key 'relaese' [did you mean 'release'?]"}},
      {"key that a terminal would act on",
       with_head("\"\\u001b[31m\" = 1\n" + std::string(kRelease)),
       {"6:1: unknown key '\\x1b[31m' [known keys: name, summary, default-release, "
        "package-manager, shell, share, no-share, tools, packages, exports, "
        "bootstrap, release]"}},
      {"release without an image",
       with_head("[[release]]\nname = \"2\"\n"),
       {"6:1: missing key 'image' [image: reference of the image, in full]"}},
      {"bootstrap without a distribution",
       with_release("[bootstrap]\n"),
       {"9:1: missing key 'distribution' [distribution: `debian` or `ubuntu`: whose archive and "
        "keys are used]"}},
  });
}

TEST_CASE("profile loader: checks types") {
  check_cases({
      {"number for a release name",
       with_head("[[release]]\nname = 2\nimage = \"demo:2\"\n"),
       {"7:8: 'name' must be a string, not an integer"}},
      {"string for a list",
       with_release("aliases = \"two\"\n"),
       {"9:11: 'aliases' must be an array of strings, not a string"}},
      {"number in a list",
       with_release("aliases = [\"two\", 2.5]\n"),
       {"9:19: 'aliases' must be an array of strings, not a number"}},
      {"one table for several",
       with_head("[release]\nname = \"2\"\n"),
       {"6:1: 'release' must be an array of tables, not a table"}},
      {"strings for tables",
       with_head("release = [\"2\"]\n"),
       {"6:12: 'release' must be an array of tables, not a string"}},
      {"boolean for a table",
       with_head("bootstrap = true\n" + std::string(kRelease)),
       {"6:13: 'bootstrap' must be a table, not a boolean"}},
      {"date for a string",
       with_release("bootstrap = 2026-11-01\n"),
       {"9:13: 'bootstrap' must be a string, not a date or time"}},
  });
}

TEST_CASE("profile loader: checks values") {
  check_cases({
      {"package manager",
       "name = \"demo\"\nsummary = \"d\"\ndefault-release = \"2\"\npackage-manager = \"dnff\"\n" +
           std::string(kRelease),
       {"4:19: unknown package manager 'dnff' [did you mean 'dnf'?]"}},
      {"package manager nothing is like",
       "name = \"demo\"\nsummary = \"d\"\ndefault-release = \"2\"\npackage-manager = \"winget\"\n" +
           std::string(kRelease),
       {"4:19: unknown package manager 'winget' [one of: apk, apt, apt-rpm, dnf, emerge, pacman, "
        "slackpkg, xbps, yum, zypper]"}},
      {"summary of two lines",
       "name = \"demo\"\nsummary = \"a\\nb\"\ndefault-release = \"2\"\npackage-manager = "
       "\"apt\"\n" +
           std::string(kRelease),
       {"2:11: expected one line of text"}},
      {"profile name",
       "name = \"De mo\"\nsummary = \"d\"\ndefault-release = \"2\"\npackage-manager = \"apt\"\n" +
           std::string(kRelease),
       {"1:8: bad profile name 'De mo' [use lower-case letters, digits and '-', with a letter "
        "first]"}},
      {"release name",
       with_release("aliases = [\"a:b\"]\n"),
       {"9:12: bad release name 'a:b' [use letters, digits, '.', '_' and '-', as in the tag of an "
        "image]"}},
      {"suite with a path",
       with_release("bootstrap = \"../sid\"\n\n[bootstrap]\ndistribution = \"debian\"\n"),
       {"9:13: bad suite name '../sid' [use lower-case letters, digits, '.' and '-']"}},
      {"suite that looks like an option",
       with_release("bootstrap = \"-o\"\n\n[bootstrap]\ndistribution = \"debian\"\n"),
       {"9:13: bad suite name '-o' [use lower-case letters, digits, '.' and '-']"}},
      {"distribution",
       with_release("[bootstrap]\ndistribution = \"ubunto\"\n"),
       {"10:16: unknown distribution to bootstrap 'ubunto' [did you mean 'ubuntu'?]"}},
  });
  // The wording is that of image::Reference.
  const Loaded loaded =
      parse_profile(with_head("[[release]]\nname = \"2\"\nimage = \"UPPER case\"\n"), "demo.toml");
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].line == 8);
  CHECK(loaded.diagnostics[0].column == 9);
}

TEST_CASE("profile loader: checks what several keys say together") {
  check_cases({
      {"the same release twice",
       with_release(kRelease),
       {"10:8: release '2' is there twice [the first one is at line 7]"}},
      {"alias of another release",
       with_release("aliases = [\"new\"]\n[[release]]\nname = \"1\"\naliases = [\"old\", \"new\"]\n"
                    "image = \"demo:1\"\n"),
       {"12:19: release 'new' is there twice [the first one is at line 9]"}},
      {"default that does not exist",
       "name = \"demo\"\nsummary = \"d\"\ndefault-release = \"3\"\npackage-manager = \"apt\"\n" +
           std::string(kRelease),
       {"3:19: no release is called '3' [did you mean '2'?]"}},
      {"default that is like nothing",
       "name = \"demo\"\nsummary = \"d\"\ndefault-release = \"newest\"\npackage-manager = "
       "\"apt\"\n" +
           std::string(kRelease),
       {"3:19: no release is called 'newest' [one of: 2]"}},
      {"no release at all",
       with_head("release = []\n"),
       {"6:11: a profile needs at least one release"}},
      {"suite without a distribution",
       with_release("bootstrap = \"two\"\n"),
       {"9:1: 'bootstrap' needs to know the distribution [add [bootstrap] with distribution = "
        "\"debian\" or \"ubuntu\"]"}},
      {"name of another file",
       "name = \"other\"\nsummary = \"d\"\ndefault-release = \"2\"\npackage-manager = \"apt\"\n" +
           std::string(kRelease),
       {"1:8: profile 'other' stands in a file called 'demo.toml' [call the file 'other.toml', or "
        "change the name]"}},
  });
}

TEST_CASE("profile loader: several problems come in the order of the file") {
  check_cases({{"three of them",
                "name = \"demo\"\nsummary = 1\nfoo = 2\ndefault-release = \"2\"\n"
                "package-manager = \"apt\"\n[[release]]\nname = \"2\"\nimage = true\n",
                {"2:11: 'summary' must be a string, not an integer",
                 "3:1: unknown key 'foo' [known keys: name, summary, default-release, "
                 "package-manager, shell, share, no-share, tools, packages, exports, "
                 "bootstrap, release]",
                 "8:9: 'image' must be a string, not a boolean"}}});
}

}  // namespace devenv::profiles

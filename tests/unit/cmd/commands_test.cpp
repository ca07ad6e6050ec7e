// SPDX-License-Identifier: MIT
#include "cmd/commands.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "cmd/completion.hpp"
#include "cmd/describe.hpp"
#include "cmd/help.hpp"

namespace devenv::cmd {
namespace {

TEST_CASE("commands: every row can be described and explained") {
  std::set<std::string_view> paths;
  for (const Command& command : commands()) {
    CAPTURE(command.path);
    CHECK(paths.insert(command.path).second);
    CHECK_FALSE(command.summary.empty());
    CHECK_FALSE(command.summary.ends_with('.'));
    const CommandDescription description = describe(command);
    for (const FlagDescription& flag : description.flags) {
      CAPTURE(flag.names.back());
      CHECK(flag.names.back().starts_with("--"));
      CHECK_FALSE(flag.text.empty());
      CHECK_FALSE(flag.text.ends_with('.'));
    }
    const auto text = help_text(std::string(command.path), Style(false));
    REQUIRE(text.has_value());
    CHECK(text->find(description.synopsis()) != std::string::npos);
  }
}

TEST_CASE("commands: a flag means the same wherever it is") {
  std::map<std::string, std::string> long_name_of;
  for (const Command& command : commands()) {
    for (const FlagDescription& flag : describe(command).flags) {
      if (flag.names.size() == 2) {
        const auto [known, added] = long_name_of.emplace(flag.names[0], flag.names[1]);
        CHECK(known->second == flag.names[1]);
      }
    }
  }
}

TEST_CASE("commands: the synopsis shows what is needed and what may be repeated") {
  struct Case {
    std::string path;
    std::string synopsis;
  };
  for (const Case& each : std::vector<Case>{
           {"create", "devenv create [FLAGS] [NAME]"},
           {"enter", "devenv enter [FLAGS] [TARGET] [-- COMMAND...]"},
           {"run", "devenv run [FLAGS] [NAME] [COMMAND...]"},
           {"stop", "devenv stop [FLAGS] [NAME...]"},
           {"image pull", "devenv image pull [FLAGS] REF"},
       }) {
    CHECK(describe(*find_command(each.path)).synopsis() == each.synopsis);
  }
}

TEST_CASE("commands: help of a command is complete") {
  const auto text = help_text("stop", Style(false));
  REQUIRE(text.has_value());
  CHECK(*text ==
        "End every process of an environment\n"
        "\n"
        "Usage:\n"
        "  devenv stop [FLAGS] [NAME...]\n"
        "\n"
        "Arguments:\n"
        "  NAME  the environments\n"
        "\n"
        "Flags:\n"
        "  -a, --all           all of them\n"
        "  -t, --time SECONDS  how long a process may take to end before it is killed; default 10\n"
        "\n"
        "Global flags:\n"
        "  -h, --help                     show help\n"
        "  -v, --verbose                  log what is done to standard error; -vv logs more\n"
        "  -q, --quiet                    no steps and no progress\n"
        "      --color auto|always|never  when to colour text\n"
        "\n"
        "Processes get SIGTERM, and SIGKILL when the time is over. Exported services are stopped "
        "first.\n");
}

TEST_CASE("commands: help lists every visible command, and only those") {
  const auto text = help_text("", Style(false));
  REQUIRE(text.has_value());
  for (const Command& command : commands()) {
    CAPTURE(command.path);
    const bool listed = text->find("\n  " + std::string(command.path) + " ") != std::string::npos;
    CHECK(listed == (command.group != Group::hidden));
  }
}

TEST_CASE("commands: help on something unknown suggests") {
  const auto text = help_text("crate", Style(false));
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().code() == ErrorCode::usage);
  CHECK(text.error().hint() == "did you mean 'devenv help create'?");
}

TEST_CASE("commands: there is a completion script for each shell") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(shell);
    REQUIRE(script.has_value());
    CHECK(script->find("__complete --") != std::string_view::npos);
  }
  CHECK_FALSE(completion_script("tcsh").has_value());
}

}  // namespace
}  // namespace devenv::cmd

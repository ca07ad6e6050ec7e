// SPDX-License-Identifier: MIT
#include "env/export/shim.hpp"

#include <doctest/doctest.h>

namespace {

using namespace devenv::exporting;

ShimInput input() {
  return {.environment_name = "fedora",
          .environment_directory = "/home/a b/envs/fedora",
          .command = "/usr/bin/rg",
          .program = "/usr/bin/devenv",
          .options = {}};
}

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("shim: runs the command in each place") {
  const std::string text = shim_text(input());
  CHECK(text.starts_with("#!/bin/sh\n# Made by devenv: rg of the environment fedora. "));
  CHECK(has_line(text, "  if [ \"${DEVENV_NAME-}\" = fedora ]; then exec /usr/bin/rg \"$@\"; fi"));
  CHECK(has_line(text, "  exec /run/devenv/bin/devenv-guest host \"$0\" \"$@\""));
  CHECK(has_line(text, "if [ ! -d '/home/a b/envs/fedora' ]; then"));
  CHECK(has_line(text, "exec \"$devenv\" run fedora /usr/bin/rg \"$@\""));
  CHECK(text.size() < 1024);
}

TEST_CASE("shim: options, inside and on the host") {
  struct Case {
    bool as_root;
    std::vector<std::string> variables;
    std::vector<std::string> arguments;
    const char* inside;
    const char* host;
  };
  const std::vector<Case> cases = {
      {false, {"A=1 2"}, {}, "env 'A=1 2' /usr/bin/rg", "--env 'A=1 2' fedora /usr/bin/rg"},
      {true, {}, {"-x"}, "sudo /usr/bin/rg -x", "fedora sudo /usr/bin/rg -x"},
      {true, {"A=1"}, {}, "sudo env 'A=1' /usr/bin/rg", "fedora sudo env 'A=1' /usr/bin/rg"},
      {false,
       {},
       {"$x", "it's", ""},
       "/usr/bin/rg '$x' 'it'\\''s' ''",
       "fedora /usr/bin/rg '$x' 'it'\\''s' ''"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.inside);
    ShimInput how = input();
    how.options = {
        .arguments = each.arguments, .variables = each.variables, .as_root = each.as_root};
    const std::string text = shim_text(how);
    CHECK(text.find(std::string("then exec ") + each.inside + " \"$@\"; fi\n") !=
          std::string::npos);
    CHECK(has_line(text, std::string("exec \"$devenv\" run ") + each.host + " \"$@\""));
  }
}

TEST_CASE("shim: a name with anything in it stays in its comment") {
  ShimInput how = input();
  how.command = "/opt/a\nrm -rf b";
  const std::string text = shim_text(how);
  CHECK(text.find("\nrm -rf b of") == std::string::npos);
  CHECK(has_line(text, "exec \"$devenv\" run fedora '/opt/a\nrm -rf b' \"$@\""));
}

// SPDX-License-Identifier: MIT
#include "cmd/command_line.hpp"

#include <doctest/doctest.h>

#include "cmd/create.hpp"
#include "cmd/enter.hpp"
#include "cmd/export.hpp"
#include "cmd/generate_entry.hpp"
#include "cmd/help.hpp"
#include "cmd/image.hpp"
#include "cmd/remove.hpp"
#include "cmd/stop.hpp"

namespace devenv::cmd {
namespace {

using Words = std::vector<std::string>;

/// The options that a command gets for `words`, without anything being run.
template <typename Options, typename Add>
Options parsed(Add add, Words words) {
  Options options;
  CLI::App app;
  GlobalFlags globals;
  add_global_flags(app, globals);
  add(app, options);
  std::reverse(words.begin(), words.end());
  app.parse(std::move(words));
  return options;
}

std::string path_of(const CommandLine& line) {
  return line.command == nullptr ? "" : std::string(line.command->path);
}

TEST_CASE("command line: create gets its options") {
  const auto options = parsed<CreateOptions>(
      add_create, {"web", "--image", "alpine:3", "--storage=copy", "--pull", "--bootstrap"});
  CHECK(options.name == "web");
  CHECK(options.image == "alpine:3");
  CHECK(options.storage == "copy");
  CHECK_FALSE(options.profile.has_value());
  CHECK(options.pull);
  CHECK(options.bootstrap);
  CHECK_FALSE(parsed<CreateOptions>(add_create, {"--profile", "fedora:43"}).name.has_value());
}

TEST_CASE("command line: stop, rm and image rm take several names") {
  const auto stop = parsed<StopOptions>(add_stop, {"a", "--time", "3", "b"});
  CHECK(stop.names == Words{"a", "b"});
  CHECK(stop.seconds == 3);
  const auto remove = parsed<RemoveOptions>(add_remove, {"-f", "a", "--", "-b"});
  CHECK(remove.names == Words{"a", "-b"});
  CHECK(remove.force);
  const auto images = parsed<ImageRemoveOptions>(add_image_remove, {"--all", "-y"});
  CHECK(images.images.empty());
  CHECK(images.all);
  CHECK(images.yes);
}

TEST_CASE("command line: export takes several of each, and leaves the name alone") {
  const auto options = parsed<ExportOptions>(
      add_export, {"--app", "a", "box", "--app", "b c", "--bin", "x", "--service=s", "-e", "A=1",
                   "--env", "B=", "--arg", "-x", "--arg=--y", "--label", "none", "--root"});
  CHECK(options.name == "box");
  CHECK(options.apps == Words{"a", "b c"});
  CHECK(options.binaries == Words{"x"});
  CHECK(options.services == Words{"s"});
  CHECK(options.variables == Words{"A=1", "B="});
  CHECK(options.arguments == Words{"-x", "--y"});
  CHECK(options.label == "none");
  CHECK(options.as_root);
  CHECK_FALSE(options.remove);
  CHECK_FALSE(parsed<ExportOptions>(add_export, {"--list"}).name.has_value());
  const auto entries = parsed<GenerateEntryOptions>(add_generate_entry, {"a", "-d", "b"});
  CHECK(entries.names == Words{"a", "b"});
  CHECK(entries.remove);
}

TEST_CASE("command line: the command is found among flags, by path and by alias") {
  struct Case {
    Words words;
    std::string path;
  };
  for (const Case& each : std::vector<Case>{
           {{"list"}, "list"},
           {{"ls"}, "list"},
           {{"-v", "list"}, "list"},
           {{"--color", "never", "list", "--json"}, "list"},
           {{"--color=never", "image", "ls"}, "image list"},
           {{"image", "-q", "pull", "alpine"}, "image pull"},
           {{"rm", "list"}, "rm"},
           {{"image", "rm", "list"}, "image rm"},
           {{"--version"}, "version"},
           {{"-V"}, "version"},
           {{"--help"}, "help"},
           {{"image", "--help"}, "help"},
           {{"create", "--help"}, "help"},
           {{"create", "--nonsense", "-h"}, "help"},
       }) {
    CAPTURE(join(each.words, " "));
    const CommandLine line = parse_command_line(each.words);
    CHECK(path_of(line) == each.path);
    CHECK_FALSE(line.error.has_value());
    CHECK(static_cast<bool>(line.invocation.run));
  }
}

TEST_CASE("command line: global flags stand on both sides of the command") {
  const CommandLine line = parse_command_line({"-v", "--color", "always", "list", "-v", "-q"});
  REQUIRE_FALSE(line.error.has_value());
  CHECK(line.globals.verbose == 2);
  CHECK(line.globals.color == "always");
  CHECK(line.globals.quiet);
  CHECK(line.globals.log_level() == log::Level::debug);
  CHECK(line.globals.ui_settings().color == ColorWhen::always);
}

TEST_CASE("command line: words that belong to the command inside are not touched") {
  struct Case {
    Words words;
    Words command;
  };
  for (const Case& each : std::vector<Case>{
           {{"run", "box", "ls", "-l", "--help"}, {"ls", "-l", "--help"}},
           {{"run", "box", "--", "ls", "--", "-y"}, {"ls", "--", "-y"}},
           {{"run", "box", "--help"}, {"--help"}},
           {{"run", "--color", "never", "-q", "box", "true"}, {"true"}},
           {{"run", "--", "make", "-j"}, {"make", "-j"}},
           {{"run", "--restart", "--", "make"}, {"make"}},
           {{"task", "test", "--", "-k", "x"}, {"-k", "x"}},
           {{"run", "--workdir", "/srv", "box", "--", "app", "-w"}, {"app", "-w"}},
           {{"run", "-w", "/a", "--workdir=/b", "box", "app"}, {"app"}},
           {{"--color", "never", "run", "box", "true"}, {"true"}},
           {{"run", "box", "", "a b", "--color"}, {"", "a b", "--color"}},
           {{"enter", "box", "--", "ls", "-l", "--", "--json"}, {"ls", "-l", "--", "--json"}},
           {{"enter", "--", "--help"}, {"--help"}},
           {{"enter", "box", "--dry-run"}, {}},
       }) {
    CAPTURE(join(each.words, " "));
    const CommandLine line = parse_command_line(each.words);
    CHECK((line.error ? line.error->to_line() : "") == "");
    REQUIRE(line.invocation.command != nullptr);
    CHECK(*line.invocation.command == each.command);
  }
}

TEST_CASE("command line: what is wrong is a usage error that says what") {
  struct Case {
    Words words;
    std::string message;
    std::string hint;
  };
  for (const Case& each : std::vector<Case>{
           {{},
            "no command was given",
            "see what there is: devenv help; or start: devenv enter debian"},
           {{"etner"}, "there is no command 'devenv etner'", "did you mean 'devenv enter'?"},
           {{"qqqqqqqq"}, "there is no command 'devenv qqqqqqqq'", "devenv help"},
           {{"--verison"}, "'devenv' has no flag '--verison'", "did you mean '--version'?"},
           {{"-q", "--nonsense=1"}, "'devenv' has no flag '--nonsense'", "devenv --help"},
           {{"image"},
            "'devenv image' needs a command: pull, push, save, tag, bundle, list, inspect, rm, "
            "prune, dedupe, login, logout",
            "devenv help image"},
           {{"image", "pul"},
            "there is no command 'devenv image pul'",
            "did you mean 'devenv image pull'?"},
           {{"create", "--", "x", "--image", "y"},
            "'devenv create' takes no argument '--image'",
            "flags come before '--'"},
           {{"list", "--jsno"}, "'devenv list' has no flag '--jsno'", "did you mean '--json'?"},
           {{"stop", "--tmie", "3"},
            "'devenv stop' has no flag '--tmie'",
            "did you mean '--time'?"},
           {{"list", "more"}, "'devenv list' takes no argument 'more'", "devenv list --help"},
           {{"enter", "box", "ls"}, "'devenv enter' takes no argument 'ls'", "devenv enter --help"},
           {{"inspect"}, "'devenv inspect' needs NAME", "devenv inspect --help"},
           {{"image", "pull"}, "'devenv image pull' needs REF", "devenv image pull --help"},
           {{"create", "--image"}, "'--image' needs one value", "devenv create --help"},
           {{"create", "a", "--storage", "copi"},
            "bad value for --storage: 'copi' is none of auto, overlay, fuse-overlayfs, copy; did "
            "you "
            "mean 'copy'?",
            "devenv create --help"},
           {{"stop", "a", "--time", "soon"}, "bad value for --time = soon", "devenv stop --help"},
           {{"list", "\x1b[2J"},
            "'devenv list' takes no argument '\\x1b[2J'",
            "devenv list --help"},
       }) {
    CAPTURE(join(each.words, " "));
    const CommandLine line = parse_command_line(each.words);
    REQUIRE(line.error.has_value());
    CHECK(line.error->code() == ErrorCode::usage);
    CHECK(line.error->message() == each.message);
    CHECK(line.error->hint() == each.hint);
  }
}

TEST_CASE("command line: errors are JSON when the command was asked for JSON") {
  CHECK(parse_command_line({"inspect", "--json"}).error_form == ErrorForm::json);
  CHECK(parse_command_line({"inspect", "box"}).error_form == ErrorForm::text);
  // The flag belongs to the command inside.
  CHECK(parse_command_line({"run", "box", "x", "--json"}).error_form == ErrorForm::text);
}

}  // namespace
}  // namespace devenv::cmd

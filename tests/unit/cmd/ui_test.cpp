// SPDX-License-Identifier: MIT
#include "cmd/ui/ui.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "cmd/ui/error_text.hpp"
#include "cmd/ui/table.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

struct Output {
  std::string out;
  std::string err;
};

/// What `action` makes the Ui write.
Output written(Verbosity verbosity, const std::function<void(Ui&)>& action) {
  auto out = sys::make_pipe();
  auto err = sys::make_pipe();
  REQUIRE(out.has_value());
  REQUIRE(err.has_value());
  {
    Ui ui({.out_fd = out->write_end.get(),
           .err_fd = err->write_end.get(),
           .verbosity = verbosity,
           .color = ColorWhen::never});
    action(ui);
  }
  out->write_end.reset();
  err->write_end.reset();
  return {sys::read_all(out->read_end.get()).value_or("?"),
          sys::read_all(err->read_end.get()).value_or("?")};
}

Error sample() {
  return Error(ErrorCode::unsupported, "newuidmap exited with status 1")
      .with_hint("give your user a range\nthen run: devenv doctor")
      .context("cannot map 65536 user ids")
      .context("cannot create environment 'web'");
}

TEST_CASE("ui: an error has its causes and what to type next") {
  CHECK(render_error(sample(), Style(false)) ==
        "error: cannot create environment 'web'\n"
        "  caused by: cannot map 65536 user ids\n"
        "  caused by: newuidmap exited with status 1\n"
        "hint: give your user a range\n"
        "      then run: devenv doctor\n");
  CHECK(render_error(Error(ErrorCode::failed, "a\nb\x1b[0m"), Style(false)) ==
        "error: a\\x0ab\\x1b[0m\n");
  CHECK(render_error(Error(ErrorCode::failed, "a"), Style(true)) == "\x1b[31merror:\x1b[0m a\n");
}

TEST_CASE("ui: with JSON an error is one line") {
  const Output output =
      written(Verbosity::normal, [](Ui& ui) { ui.error(sample(), ErrorForm::json); });
  CHECK(output.out == "");
  CHECK(output.err ==
        R"({"error":{"code":"unsupported","message":"cannot create environment 'web'",)"
        R"("causes":["cannot map 65536 user ids","newuidmap exited with status 1"],)"
        R"("hint":"give your user a range\nthen run: devenv doctor"}})"
        "\n");
}

TEST_CASE("ui: data, steps and warnings go where they belong") {
  const auto speak = [](Ui& ui) {
    ui.step("pulling x");
    ui.warn("odd", "look");
    ui.warn("odd", "look");
    ui.progress("layer", "pulling", 1, 1, true);
    ui.data("data\n");
    ui.note("done");
  };
  const Output normal = written(Verbosity::normal, speak);
  CHECK(normal.out == "data\n");
  CHECK(normal.err == "pulling x\nwarning: odd (look)\npulled layer (1 B)\ndone\n");
  const Output quiet = written(Verbosity::quiet, speak);
  CHECK(quiet.out == "data\n");
  CHECK(quiet.err == "warning: odd (look)\n");
}

TEST_CASE("ui: a reader that left is no failure, a full disk is one") {
  auto pipe = sys::make_pipe();
  REQUIRE(pipe.has_value());
  pipe->read_end.reset();
  Ui left({.out_fd = pipe->write_end.get()});
  left.data("nobody reads this\n");
  CHECK(left.out_status().has_value());

  auto full = sys::open_file("/dev/full", O_WRONLY);
  REQUIRE(full.has_value());
  Ui disk({.out_fd = full->get()});
  disk.data("too much\n");
  REQUIRE_FALSE(disk.out_status().has_value());
  CHECK(disk.out_status().error().to_line() ==
        "cannot write to standard output: cannot write: No space left on device");
}

TEST_CASE("ui: nobody is asked where nobody can answer") {
  const Output output = written(Verbosity::normal, [](Ui& ui) {
    const auto answer = ui.confirm("remove all?", "--yes");
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code() == ErrorCode::usage);
    CHECK(answer.error().hint() == "answer yes with --yes");
  });
  CHECK(output.err == "");
}

TEST_CASE("style: the flag, then variables, then the terminal") {
  using Variables = std::map<std::string, std::string>;
  struct Case {
    ColorWhen when;
    bool terminal;
    Variables variables;
    bool wanted;
  };
  for (const Case& each : std::vector<Case>{
           {ColorWhen::automatic, true, {}, true},
           {ColorWhen::automatic, false, {}, false},
           {ColorWhen::always, false, {{"NO_COLOR", "1"}}, true},
           {ColorWhen::never, true, {{"FORCE_COLOR", "1"}}, false},
           {ColorWhen::automatic, true, {{"NO_COLOR", "1"}, {"FORCE_COLOR", "1"}}, false},
           {ColorWhen::automatic, false, {{"FORCE_COLOR", "1"}}, true},
           {ColorWhen::automatic, false, {{"CLICOLOR_FORCE", "0"}}, false},
           {ColorWhen::automatic, true, {{"CLICOLOR", "0"}}, false},
           {ColorWhen::automatic, true, {{"TERM", "dumb"}}, false},
       }) {
    const auto variable = [&](const char* name) {
      const auto found = each.variables.find(name);
      return found == each.variables.end() ? std::string() : found->second;
    };
    CHECK(color_wanted(each.when, each.terminal, variable) == each.wanted);
  }
}

TEST_CASE("table: widths count characters, not bytes") {
  CHECK(render({.header = {"A", "B"}, .rows = {{"äö", "x"}, {"abc", ""}}}, Style(false)) ==
        "A    B\näö   x\nabc  -\n");
  CHECK(render({.header = {"A"}, .rows = {}}, Style(true)) == "\x1b[1mA\x1b[0m\n");
  CHECK(render_fields({{"name", "web"}, {"id map", ""}}) == "name:    web\nid map:  -\n");
}

}  // namespace
}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "cmd/app.hpp"

#include <csignal>

#include "cmd/command_line.hpp"
#include "env/sys/signals.hpp"

namespace devenv::cmd {
namespace {

/// enter and run pass the command's own exit codes on, so that all failures of ours get one code
/// that commands hardly use.
ExitCode failure_code(const CommandLine& line, const Error& error) {
  const bool runs_a_command = line.command != nullptr && line.command->group != Group::hidden &&
                              line.command->rest != Rest::none;
  return runs_a_command ? ExitCode::devenv_failed : exit_code_of(error.code());
}

Result<ExitCode> run_line(const CommandLine& line, Context& context) {
  if (line.error) {
    return fail(*line.error);
  }
  TRY_ASSIGN(const ExitCode code, line.invocation.run(context));
  TRY(context.ui().out_status());
  return code;
}

}  // namespace

int run_app(unsigned umask, const std::vector<std::string>& words) {
  const CommandLine line = parse_command_line(words);
  log::set_level(line.globals.log_level());
  Ui ui(line.globals.ui_settings());
  Context context(ui, umask);
  const Result<ExitCode> code = run_line(line, context);
  if (code) {
    return static_cast<int>(*code);
  }
  ui.error(code.error(), line.error_form);
  if (code.error().code() == ErrorCode::interrupted) {
    // The shell that waits for us must see that it was the signal (a loop has to end, too).
    sys::die_by_signal(SIGINT);
  }
  return static_cast<int>(failure_code(line, code.error()));
}

}  // namespace devenv::cmd

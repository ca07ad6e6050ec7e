// SPDX-License-Identifier: MIT
// argv -> the command it names, with its options. Nothing is done here, so tests can ask what a
// command line means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "cmd/commands.hpp"
#include "cmd/ui/ui.hpp"
#include "env/base/error.hpp"
#include "env/base/log.hpp"

namespace devenv::cmd {

/// Flags that every command has.
struct GlobalFlags {
  int verbose = 0;  ///< how often -v was given
  bool quiet = false;
  std::string color = "auto";
  bool help = false;

  UiSettings ui_settings() const;
  /// -v is info, -vv is debug; without it DEVENV_LOG says.
  log::Level log_level() const;
};

struct CommandLine {
  GlobalFlags globals;
  const Command* command = nullptr;  ///< nullptr when the words name none
  ErrorForm error_form = ErrorForm::text;
  Invocation invocation;       ///< what to run when there is no error
  std::optional<Error> error;  ///< why it cannot be run
};

/// `words` is argv without the program's name. Only the command that is named is set up.
CommandLine parse_command_line(const std::vector<std::string>& words);

/// Declares the flags that every command has.
void add_global_flags(CLI::App& app, GlobalFlags& globals);

/// The words of a command line, taken apart by what they are for.
struct SplitWords {
  std::vector<std::string> own;      ///< devenv's: flags and arguments of the command
  std::vector<std::string> command;  ///< belong to the command inside, untouched
};

/// Splits the words after the command's name. `app` tells which flags take a value.
///
/// CLI11 has no way to do it: prefix_command() swallows unknown flags before the first argument,
/// and a vector argument rejects words that look like flags.
SplitWords split_words(const std::vector<std::string>& words, Rest rest, const CLI::App& app);

}  // namespace devenv::cmd

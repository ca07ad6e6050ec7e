// SPDX-License-Identifier: MIT
// What this program ends with. The only place that knows the numbers.
#pragma once

#include <string_view>
#include <vector>

#include "env/base/error.hpp"

namespace devenv::cmd {

enum class ExitCode : int {
  done = 0,
  failed = 1,
  usage = 2,
  not_found = 3,
  conflict = 4,
  unsupported = 5,
  network = 6,
  integrity = 7,
  devenv_failed = 125,           ///< `enter` and `run`: before the command was started
  command_not_executable = 126,  ///< `enter` and `run`
  command_not_found = 127,       ///< `enter` and `run`
  interrupted = 130,
};

ExitCode exit_code_of(ErrorCode code);

/// For what session::enter returned: there is no such command, it cannot be executed, or entering
/// itself failed.
ExitCode exit_code_of_command(const Error& error);

/// One row of the table in `devenv help exit-codes` and devenv(1).
struct ExitCodeRow {
  std::string_view code;
  std::string_view meaning;
};
const std::vector<ExitCodeRow>& exit_code_table();

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv hook
#pragma once

#include <string>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct HookOptions {
  std::string shell;
};
void add_hook(CLI::App& app, HookOptions& options);
Result<ExitCode> run_hook(const HookOptions& options, Context& context);

/// One line about the project that the shell has just come into; for the hook only. Exit status 0
/// when it may be entered without asking.
struct HookLineOptions {};
void add_hook_line(CLI::App& app, HookLineOptions& options);
Result<ExitCode> run_hook_line(const HookLineOptions& options, Context& context);

}  // namespace devenv::cmd

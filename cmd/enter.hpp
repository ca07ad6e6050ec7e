// SPDX-License-Identifier: MIT
// devenv enter, devenv run
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "cmd/project_up.hpp"
#include "cmd/share_flags.hpp"
#include "cmd/variable_flags.hpp"

namespace devenv::cmd {

struct EnterOptions {
  std::optional<std::string> target;
  UpFlags up;
  std::optional<std::string> storage;
  ShareFlags shares;
  VariableFlags variables;
  std::optional<std::string> workdir;
  bool dry_run = false;
  bool desktop = false;
  bool yes = false;
  std::vector<std::string> command;
};
void add_enter(CLI::App& app, EnterOptions& options);
Result<ExitCode> run_enter(const EnterOptions& options, Context& context);

struct RunOptions {
  std::optional<std::string> name;
  UpFlags up;
  VariableFlags variables;
  std::optional<std::string> workdir;
  bool desktop = false;
  std::vector<std::string> command;
};
void add_run(CLI::App& app, RunOptions& options);
Result<ExitCode> run_run(const RunOptions& options, Context& context);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv rename
#pragma once

#include <string>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct RenameOptions {
  std::string name;
  std::string new_name;
};
void add_rename(CLI::App& app, RenameOptions& options);
Result<ExitCode> run_rename(const RenameOptions& options, Context& context);

}  // namespace devenv::cmd

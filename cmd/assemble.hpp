// SPDX-License-Identifier: MIT
// devenv assemble
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct AssembleOptions {
  std::string action = "create";
  std::string file = "distrobox.ini";
  std::vector<std::string> names;
  bool replace = false;
  bool dry_run = false;
};
void add_assemble(CLI::App& app, AssembleOptions& options);
Result<ExitCode> run_assemble(const AssembleOptions& options, Context& context);

}  // namespace devenv::cmd

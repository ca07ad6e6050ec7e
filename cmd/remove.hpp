// SPDX-License-Identifier: MIT
// devenv rm
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct RemoveOptions {
  std::vector<std::string> names;
  bool all = false;
  bool force = false;
  bool yes = false;
};
void add_remove(CLI::App& app, RemoveOptions& options);
Result<ExitCode> run_remove(const RemoveOptions& options, Context& context);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv set
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct SetOptions {
  std::string name;
  std::vector<std::string> settings;
};
void add_set(CLI::App& app, SetOptions& options);
Result<ExitCode> run_set(const SetOptions& options, Context& context);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv inspect
#pragma once

#include <string>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct InspectOptions {
  std::string name;
  bool json = false;
};
void add_inspect(CLI::App& app, InspectOptions& options);
Result<ExitCode> run_inspect(const InspectOptions& options, Context& context);

}  // namespace devenv::cmd

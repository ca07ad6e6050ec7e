// SPDX-License-Identifier: MIT
// devenv host
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct HostOptions {
  std::string program;
  std::vector<std::string> command;  ///< what follows the program
};
void add_host(CLI::App& app, HostOptions& options);
/// Inside an environment whose image has a devenv of its own: leaves it to the one that the
/// environment was given. On the host it is a usage error.
Result<ExitCode> run_host(const HostOptions& options, Context& context);

}  // namespace devenv::cmd

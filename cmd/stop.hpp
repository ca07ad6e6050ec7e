// SPDX-License-Identifier: MIT
// devenv stop
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct StopOptions {
  std::vector<std::string> names;
  bool all = false;
  std::uint32_t seconds = 10;  ///< from TERM to KILL
};
void add_stop(CLI::App& app, StopOptions& options);
Result<ExitCode> run_stop(const StopOptions& options, Context& context);

}  // namespace devenv::cmd

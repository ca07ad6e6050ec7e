// SPDX-License-Identifier: MIT
// devenv upgrade
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct UpgradeOptions {
  std::vector<std::string> names;
  bool all = false;
};
void add_upgrade(CLI::App& app, UpgradeOptions& options);
Result<ExitCode> run_upgrade(const UpgradeOptions& options, Context& context);

}  // namespace devenv::cmd

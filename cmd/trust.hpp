// SPDX-License-Identifier: MIT
// devenv allow, devenv deny
#pragma once

#include <string>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct AllowOptions {
  bool yes = false;
};
void add_allow(CLI::App& app, AllowOptions& options);
Result<ExitCode> run_allow(const AllowOptions& options, Context& context);

struct DenyOptions {};
void add_deny(CLI::App& app, DenyOptions& options);
Result<ExitCode> run_deny(const DenyOptions& options, Context& context);

}  // namespace devenv::cmd

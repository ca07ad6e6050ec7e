// SPDX-License-Identifier: MIT
// devenv du
#pragma once

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct DuOptions {
  bool json = false;
};
void add_du(CLI::App& app, DuOptions& options);
Result<ExitCode> run_du(const DuOptions& options, Context& context);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv push
#pragma once

#include <string>

#include "cmd/cli.hpp"
#include "cmd/project_load.hpp"

namespace devenv::cmd {

struct PushOptions {
  std::string reference;
  ProjectFlags project;
};
void add_push(CLI::App& app, PushOptions& options);
Result<ExitCode> run_push(const PushOptions& options, Context& context);

}  // namespace devenv::cmd

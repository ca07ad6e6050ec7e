// SPDX-License-Identifier: MIT
// devenv task
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "cmd/project_up.hpp"

namespace devenv::cmd {

struct TaskOptions {
  std::string name;
  UpFlags up;
  bool json = false;
  std::vector<std::string> command;
};
void add_task(CLI::App& app, TaskOptions& options);
Result<ExitCode> run_task(const TaskOptions& options, Context& context);

}  // namespace devenv::cmd

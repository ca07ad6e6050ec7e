// SPDX-License-Identifier: MIT
// devenv up, devenv down, devenv status
#pragma once

#include "cmd/cli.hpp"
#include "cmd/project_up.hpp"

namespace devenv::cmd {

struct UpOptions {
  UpFlags up;
};
void add_up(CLI::App& app, UpOptions& options);
Result<ExitCode> run_up(const UpOptions& options, Context& context);

struct DownOptions {
  std::string variant;
};
void add_down(CLI::App& app, DownOptions& options);
Result<ExitCode> run_down(const DownOptions& options, Context& context);

struct StatusOptions {
  std::string variant;
  bool json = false;
};
void add_status(CLI::App& app, StatusOptions& options);
Result<ExitCode> run_status(const StatusOptions& options, Context& context);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv commit
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct CommitOptions {
  std::string name;
  std::string reference;
  std::vector<std::string> labels;
  bool json = false;
};
void add_commit(CLI::App& app, CommitOptions& options);
Result<ExitCode> run_commit(const CommitOptions& options, Context& context);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv generate-entry
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct GenerateEntryOptions {
  std::vector<std::string> names;
  bool all = false;
  bool remove = false;
};
void add_generate_entry(CLI::App& app, GenerateEntryOptions& options);
Result<ExitCode> run_generate_entry(const GenerateEntryOptions& options, Context& context);

}  // namespace devenv::cmd

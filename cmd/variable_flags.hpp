// SPDX-License-Identifier: MIT
// --env and --clean-env: the variables of a command inside.
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct VariableFlags {
  std::vector<std::string> variables;
  bool clean = false;
};
void add_variable_flags(CLI::App& app, VariableFlags& flags);
/// "NAME=value" for each; a NAME alone gets the caller's value, or is left out when it has none.
/// Errors: usage for an empty name.
Result<std::vector<std::string>> variables_of(const VariableFlags& flags);

}  // namespace devenv::cmd

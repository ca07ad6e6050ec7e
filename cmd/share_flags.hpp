// SPDX-License-Identifier: MIT
// --share and --no-share, and the variables of a command inside.
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "env/host/shares.hpp"

namespace devenv::cmd {

struct ShareFlags {
  std::vector<std::string> on;
  std::vector<std::string> off;
  bool given() const { return !on.empty() || !off.empty(); }
};
void add_share_flags(CLI::App& app, ShareFlags& flags);
/// Errors: usage for a name that is no share, or is in both lists.
Result<host::ShareChoice> choice_of(const ShareFlags& flags);

struct VariableFlags {
  std::vector<std::string> variables;
  bool clean = false;
};
void add_variable_flags(CLI::App& app, VariableFlags& flags);
/// "NAME=value" for each; a NAME alone gets the caller's value, or is left out when it has none.
/// Errors: usage for an empty name.
Result<std::vector<std::string>> variables_of(const VariableFlags& flags);

}  // namespace devenv::cmd

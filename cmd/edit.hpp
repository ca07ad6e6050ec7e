// SPDX-License-Identifier: MIT
// devenv edit
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/share_flags.hpp"

namespace devenv::cmd {

struct EditOptions {
  std::string name;
  ShareFlags shares;
  std::optional<std::string> host_commands;
  std::vector<std::string> mounts;     ///< to be added
  std::vector<std::string> no_mounts;  ///< paths inside of those to be taken away
  std::vector<std::string> variables;  ///< NAME=VALUE
  std::vector<std::string> no_variables;
  std::optional<std::string> shell;   ///< "": the user's own
  std::optional<std::string> memory;  ///< "none" lifts a limit
  std::optional<std::string> cpus;
  std::optional<std::string> processes;
  std::vector<std::string> install;
  std::vector<std::string> remove;
  std::optional<std::string> new_name;
};
void add_edit(CLI::App& app, EditOptions& options);
Result<ExitCode> run_edit(const EditOptions& options, Context& context);

}  // namespace devenv::cmd

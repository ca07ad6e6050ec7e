// SPDX-License-Identifier: MIT
// devenv edit
#pragma once

#include <optional>
#include <string>

#include "cmd/share_flags.hpp"

namespace devenv::cmd {

struct EditOptions {
  std::string name;
  ShareFlags shares;
  std::optional<std::string> host_commands;
};
void add_edit(CLI::App& app, EditOptions& options);
Result<ExitCode> run_edit(const EditOptions& options, Context& context);

}  // namespace devenv::cmd

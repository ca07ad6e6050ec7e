// SPDX-License-Identifier: MIT
// devenv ssh-config
#pragma once

#include <optional>
#include <string>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct SshConfigOptions {
  bool install = false;
  bool remove = false;
  std::optional<std::string> file;
};
void add_ssh_config(CLI::App& app, SshConfigOptions& options);
Result<ExitCode> run_ssh_config(const SshConfigOptions& options, Context& context);

}  // namespace devenv::cmd

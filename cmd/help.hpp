// SPDX-License-Identifier: MIT
// devenv help, devenv version
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct HelpOptions {
  std::vector<std::string> topic;
};
void add_help(CLI::App& app, HelpOptions& options);
Result<ExitCode> run_help(const HelpOptions& options, Context& context);

struct VersionOptions {
  bool json = false;
};
void add_version(CLI::App& app, VersionOptions& options);
Result<ExitCode> run_version(const VersionOptions& options, Context& context);

/// What `devenv help TOPIC` prints: all commands for "", a family, a command, or "exit-codes".
/// Errors: usage with a suggestion.
Result<std::string> help_text(const std::string& topic, const Style& style);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv completion
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct CompletionOptions {
  std::string shell;
};
void add_completion(CLI::App& app, CompletionOptions& options);
Result<ExitCode> run_completion(const CompletionOptions& options, Context& context);

/// The script for "bash", "zsh" or "fish": the file of completions/, embedded when building.
std::optional<std::string_view> completion_script(std::string_view shell);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv init
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct InitOptions {
  std::optional<std::string> base;
  std::optional<std::string> name;
  std::vector<std::string> packages;
  std::optional<std::string> from;
  std::optional<std::string> section;
  bool force = false;
  bool print = false;
};
void add_init(CLI::App& app, InitOptions& options);
Result<ExitCode> run_init(const InitOptions& options, Context& context);

}  // namespace devenv::cmd

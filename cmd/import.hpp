// SPDX-License-Identifier: MIT
// devenv import
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "cmd/share_flags.hpp"

namespace devenv::cmd {

struct ImportOptions {
  std::string source;
  std::optional<std::string> from;
  std::optional<std::string> name;
  std::optional<std::string> reference;
  std::optional<std::string> checksums;
  std::optional<std::string> keyring;
  std::optional<std::string> storage;
  ShareFlags shares;
};

void add_import(CLI::App& app, ImportOptions& options);
Result<ExitCode> run_import(const ImportOptions& options, Context& context);

/// The variables of a box that are its image's, and not those of the tool, of the engine or of the
/// user that it was made for. Pure.
std::vector<std::string> without_box_variables(const std::vector<std::string>& variables);

}  // namespace devenv::cmd

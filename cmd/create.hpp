// SPDX-License-Identifier: MIT
// devenv create
#pragma once

#include <optional>
#include <string>

#include "cmd/cli.hpp"
#include "cmd/origin.hpp"
#include "cmd/share_flags.hpp"

namespace devenv::cmd {

struct CreateOptions {
  std::optional<std::string> name;
  std::optional<std::string> image;
  std::optional<std::string> checksums;
  std::optional<std::string> keyring;
  std::optional<std::string> profile;
  std::optional<std::string> storage;
  ShareFlags shares;
  std::optional<std::string> host_commands;
  bool bootstrap = false;
  bool pull = false;
};

void add_create(CLI::App& app, CreateOptions& options);
Result<ExitCode> run_create(const CreateOptions& options, Context& context);

/// What the options say the environment is made of. Without --image and --profile its name is that
/// of a profile. Errors: usage.
Result<Origin> origin_of(const CreateOptions& options, const profiles::Catalog& catalog);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// devenv profile list, show, check, schema
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct ProfileListOptions {
  bool json = false;
};
void add_profile_list(CLI::App& app, ProfileListOptions& options);
Result<ExitCode> run_profile_list(const ProfileListOptions& options, Context& context);

struct ProfileShowOptions {
  std::string name;
  bool json = false;
};
void add_profile_show(CLI::App& app, ProfileShowOptions& options);
Result<ExitCode> run_profile_show(const ProfileShowOptions& options, Context& context);

struct ProfileCheckOptions {
  std::optional<std::string> subject;
  bool json = false;
};
void add_profile_check(CLI::App& app, ProfileCheckOptions& options);
Result<ExitCode> run_profile_check(const ProfileCheckOptions& options, Context& context);

struct ProfileSchemaOptions {
  std::string kind = "project";
};
void add_profile_schema(CLI::App& app, ProfileSchemaOptions& options);
Result<ExitCode> run_profile_schema(const ProfileSchemaOptions& options, Context& context);

}  // namespace devenv::cmd

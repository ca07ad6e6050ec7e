// SPDX-License-Identifier: MIT
// Running things in a project's environment, with its hooks.
#pragma once

#include <string>
#include <vector>

#include "cmd/context.hpp"
#include "cmd/project_up.hpp"
#include "env/session/session.hpp"
#include "profiles/project.hpp"

namespace devenv::cmd {

/// The project's environment, brought up when it is not what the project's files say. One that
/// cannot be changed (it is in use, a step fails, the network is away) is an error, or is taken as
/// it is, with a warning. Not so when it is not allowed.
enum class Outdated { is_an_error, is_told };
Result<instance::Environment> project_environment(const std::string& directory,
                                                  const UpFlags& flags,
                                                  Outdated outdated,
                                                  Context& context);

/// Starts the environment if it does not run, and then its start hook.
Result<void> start_with_hook(const instance::Environment& environment, Context& context);

/// In the order in which they have to be: what each depends on comes before it. Those that `names`
/// need; all when it is empty. Errors: not_found with a suggestion; usage for a circle.
Result<std::vector<profiles::ProjectProgram>> in_order(
    const std::vector<profiles::ProjectProgram>& programs,
    const std::vector<std::string>& names,
    std::string_view what);

/// Where a task or service starts.
std::string start_directory(const profiles::Project& project,
                            const profiles::ProjectProgram& program);

/// With words behind it: those of a line for the shell become its "$@".
instance::CommandWords with_arguments(const profiles::ProjectProgram& program,
                                      const std::vector<std::string>& arguments);

}  // namespace devenv::cmd

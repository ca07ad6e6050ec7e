// SPDX-License-Identifier: MIT
// The project a command is about: its files, and whether the user trusts them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "profiles/project.hpp"
#include "profiles/trust.hpp"

namespace devenv::cmd {

/// --profile and --allow: of every command that reads a project.
struct ProjectFlags {
  std::string variant;
  bool allow = false;
};
void add_project_flags(CLI::App& app, ProjectFlags& flags);

/// The directory of the devenv.toml that the working directory is below of; nullopt when there is
/// none. A devenv.toml in the home itself is one for everything in it.
Result<std::optional<std::string>> find_project_here();
/// Errors: not_found, with `devenv init`.
Result<std::string> require_project_here();

/// Reads the project's files. Errors: usage, with the first thing that is wrong.
Result<profiles::LoadedProject> load_checked(const std::string& directory,
                                             const std::string& variant,
                                             Context& context);

/// As load_checked, but only what the user has allowed: who sits at a terminal is shown what is
/// asked for and may say yes; --allow says it beforehand.
/// Errors: conflict, with `devenv allow`, when it is not allowed.
Result<profiles::LoadedProject> load_trusted(const std::string& directory,
                                             const ProjectFlags& flags,
                                             Context& context);

/// What a project asks for, in plain words, and what each of its variants asks for beside that; a
/// line each.
std::vector<std::string> in_plain_words(const profiles::LoadedProject& loaded,
                                        const std::string& home);

}  // namespace devenv::cmd

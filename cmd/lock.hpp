// SPDX-License-Identifier: MIT
// devenv lock
#pragma once

#include "cmd/cli.hpp"
#include "cmd/project_up.hpp"

namespace devenv::cmd {

struct LockOptions {
  ProjectFlags project;
  bool update = false;
  bool check = false;
};
void add_lock(CLI::App& app, LockOptions& options);
Result<ExitCode> run_lock(const LockOptions& options, Context& context);

/// What a project came to.
profiles::ProjectLock lock_of(const profiles::Project& project, const ProjectRoot& root);
/// Writes it, and keeps the user's trust: it is the user who changes the file. False when it says
/// that already.
Result<bool> save_lock(const profiles::LoadedProject& loaded,
                       const profiles::ProjectLock& lock,
                       Context& context);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// Programs that run inside as long as the environment does, without a terminal.
#pragma once

#include <string>
#include <vector>

#include "env/session/session.hpp"

namespace devenv::session {

struct ServiceStatus {
  std::string name;
  pid_t pid = -1;  ///< -1: it has ended
  std::string log_file;
};

/// Starts a program unless the one of that name still runs; false then. What it prints goes to a
/// file in the environment's directory. It ends with the environment.
/// Errors: those of enter, but for those of the program itself, which are in its file.
Result<bool> start_service(const instance::Workspace& workspace,
                           const instance::Environment& environment,
                           const std::string& name,
                           EnterRequest request,
                           Reporter& reporter);

/// Those that were started since the environment was made, sorted by name.
std::vector<ServiceStatus> service_statuses(const instance::EnvironmentDirectory& environment);

}  // namespace devenv::session

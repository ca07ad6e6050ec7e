// SPDX-License-Identifier: MIT
// Is this host able to run environments, or an environment able to run; if not, what to type.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/host/shares.hpp"
#include "env/instance/environment.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::doctor {

/// off: not there, and nobody asked for it.
enum class Status { pass, off, warn, fail };
std::string_view to_string(Status status);

struct Finding {
  std::string id;     ///< stable: "user-namespaces"
  std::string title;  ///< "user namespaces"
  Status status = Status::pass;
  std::string detail;  ///< what was found
  std::string hint;    ///< what to type; "" when nothing is wrong
};

/// Runs every check of the table, in its order. A check that fails to run is a finding, too.
std::vector<Finding> run_checks(const instance::Workspace& workspace);

/// What is known of an environment that is looked at.
struct EnvironmentState {
  const instance::Environment& environment;
  std::vector<host::ShareStatus> shares;  ///< in force, or of the next start
  std::optional<std::string> started_at;  ///< when it is running
  bool changes_wait = false;              ///< it runs with other shares than the next start gives
  std::string host_socket;  ///< of host commands, as it is reached from here; "" when there is none
};

/// Its image, its state, and whether what it shares answers. Never starts it.
std::vector<Finding> check_environment(const instance::Workspace& workspace,
                                       const EnvironmentState& state);

}  // namespace devenv::doctor

// SPDX-License-Identifier: MIT
// Is this host able to run environments, and if not, what to type.
#pragma once

#include <string>
#include <vector>

#include "env/instance/workspace.hpp"

namespace devenv::doctor {

enum class Status { pass, warn, fail };
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

}  // namespace devenv::doctor

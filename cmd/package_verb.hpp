// SPDX-License-Identifier: MIT
// The package manager of an environment, whatever it is.
#pragma once

#include <string>
#include <vector>

#include "cmd/context.hpp"
#include "env/instance/environment.hpp"
#include "profiles/package_manager.hpp"

namespace devenv::cmd {

/// &profiles::PackageManager::install, say.
using PackageVerb = std::string profiles::PackageManager::*;

/// Has it done inside as root, without questions; what it prints passes through. Starts the
/// environment if need be, and stops it again then. Errors: not_found when it has no manager that
/// is known; failed when that fails.
Result<void> run_package_verb(const instance::Environment& environment,
                              PackageVerb verb,
                              const std::vector<std::string>& packages,
                              Context& context);

}  // namespace devenv::cmd

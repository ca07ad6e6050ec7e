// SPDX-License-Identifier: MIT
// What doctor says of exports.
#pragma once

#include <string>
#include <vector>

#include "cmd/context.hpp"
#include "env/doctor/doctor.hpp"

namespace devenv::cmd {

/// Of one environment; of all, and of files whose environment is gone, when `name` is empty.
/// Nothing when nothing was ever exported.
std::vector<doctor::Finding> check_exports(const std::string& name, Context& context);

}  // namespace devenv::cmd

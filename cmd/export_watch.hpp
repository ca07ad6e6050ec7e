// SPDX-License-Identifier: MIT
// devenv export --watch
#pragma once

#include <string>

#include "cmd/context.hpp"

namespace devenv::cmd {

/// Renews the exports of an environment now, and whenever programs come or go inside, until it
/// ends. A second watch of the same environment leaves at once.
Result<void> watch_exports(const std::string& name, Context& context);

}  // namespace devenv::cmd

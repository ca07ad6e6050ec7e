// SPDX-License-Identifier: MIT
// devenv export --list, --available
#pragma once

#include <optional>
#include <string>

#include "cmd/context.hpp"
#include "cmd/exit_code.hpp"

namespace devenv::cmd {

/// What is exported; of all environments without a name. Starts none.
Result<ExitCode> list_exports(const std::optional<std::string>& name, bool json, Context& context);

/// What could be: apps with an entry in menus and services that could be enabled; with JSON all
/// apps.
Result<ExitCode> list_available(const std::string& name, bool json, Context& context);

}  // namespace devenv::cmd

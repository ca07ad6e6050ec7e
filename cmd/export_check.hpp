// SPDX-License-Identifier: MIT
// Which flags of `devenv export` go together.
#pragma once

#include "cmd/export.hpp"

namespace devenv::cmd {

/// Whether an app, a command, a service or the launcher is meant, rather than all exports.
bool names_something(const ExportOptions& options);

/// Errors: usage.
Result<void> check_export(const ExportOptions& options);

}  // namespace devenv::cmd

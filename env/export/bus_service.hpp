// SPDX-License-Identifier: MIT
// Activation files of the session bus. Pure.
// Source: D-Bus Specification 0.41, "Message Bus Starting Services (Activation)".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::exporting {

/// The same service, started by `prefix` and its own command after it. SystemdService= and User=
/// leave: the unit is not on the host, and a session's bus has one user only.
/// Errors: failed without Name or Exec, or when Name is not `name`, which is that of the file: a
/// user's file goes before those of the system, whatever they are called.
Result<std::string> rewrite_bus_service(std::string_view name,
                                        std::string_view service,
                                        const std::vector<std::string>& prefix);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// Following an update of the host's NVIDIA driver in an environment that runs.
#pragma once

#include "env/session/session.hpp"

namespace devenv::session {

/// Puts the directory of links in order when the driver's files have changed since it was made, and
/// brings `running` and running.json up to date. Called before a join. Costs a few stat(2), and
/// nothing at all where no driver is shared. Never fails: the log says what went wrong, and the
/// next entry tries again.
void refresh_driver(const instance::EnvironmentDirectory& environment, Running& running);

}  // namespace devenv::session

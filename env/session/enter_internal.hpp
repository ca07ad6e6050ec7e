// SPDX-License-Identifier: MIT
// Getting into an environment, for all that take over from there.
#pragma once

#include <string>
#include <vector>

#include "env/session/session.hpp"

namespace devenv::session {

struct Joined {
  RunningRecord record;
  std::vector<std::string> variables;  ///< of a command inside, but for PWD
};

/// Moves this process into the environment, which is started if need be. It still has the caller's
/// ids, with all capabilities in the environment's user namespace until the next exec. `clean`:
/// hardly any of the caller's variables cross. The working directory is the root.
Result<Joined> join_environment(const instance::Workspace& workspace,
                                const instance::Environment& environment,
                                bool clean,
                                Reporter& reporter);

}  // namespace devenv::session

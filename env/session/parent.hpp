// SPDX-License-Identifier: MIT
// Staying the parent of a command instead of becoming it, for those who have something to say when
// it has ended.
#pragma once

#include <functional>

#include "env/base/result.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {

/// `become` runs in a child and does not return when all is well: it execs the command. It is a
/// part of this process's job: what the keyboard sends is for the command alone, and when it is
/// stopped, so are we. Gives how the command ended; errors: what `become` returned.
Result<sys::ExitStatus> stay_as_parent(const std::function<Error()>& become);

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
// A program that was started from a menu: nobody reads its terminal.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::cmd {

/// Runs `become`, which execs `command` in the environment, in a child, and ends as the command
/// ends. A crash, and a failure within the first seconds, is shown as a notification. Returns only
/// with what `become` returned.
Error run_for_desktop(const std::string& environment,
                      const std::vector<std::string>& command,
                      const std::function<Error()>& become);

}  // namespace devenv::cmd

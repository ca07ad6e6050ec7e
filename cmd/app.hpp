// SPDX-License-Identifier: MIT
// The whole program between argv and the exit status.
#pragma once

#include <string>
#include <vector>

namespace devenv::cmd {

/// `umask` is that of the caller, `words` is argv without the program's name. Returns the exit
/// status; a command that becomes another program (enter, run) does not return when it succeeds.
int run_app(unsigned umask, const std::vector<std::string>& words);

}  // namespace devenv::cmd

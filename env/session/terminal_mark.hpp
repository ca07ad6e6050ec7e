// SPDX-License-Identifier: MIT
// Telling the terminal which environment its shell is in.
#pragma once

#include <functional>
#include <string>

#include "env/base/error.hpp"
#include "env/base/strong.hpp"

namespace devenv::session {

/// Whether standard output is a terminal that understands the mark. VTE does, and says so by
/// VTE_VERSION; other terminals would print it or act on it for other programs' containers.
bool terminal_takes_mark();

/// Runs `become`, which executes a shell, in a child: marks the terminal before (OSC 777,
/// "container; push") and takes the mark back when the shell ends. Job control passes through: a
/// shell that is suspended suspends this process, too. Ends as the shell did, so it returns only
/// when the shell could not be executed, with that error.
Error run_marked(const std::string& environment,
                 HostUid user,
                 const std::function<Error()>& become);

}  // namespace devenv::session

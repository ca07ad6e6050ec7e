// SPDX-License-Identifier: MIT
// devenv-guest: one program, many names. Each function is a program of its own: it gets its
// arguments with its name in front and returns the exit code.
//
// Rules for all of them: no name services, no locale, no stdio, no exceptions; they run in images
// whose C library is not ours, and sudo runs with root's rights on a caller's environment.
#pragma once

#include <span>

namespace devenv::guest {

using Arguments = std::span<char* const>;

/// hold NAME --ready-fd N [--keep-fd N]: keeps the namespaces of an environment; never returns.
///
/// Detached from terminal and session, deaf to signals but KILL and STOP. Of the caller's files
/// only that of --keep-fd (the environment's lock) stays open. One byte is written to the file of
/// --ready-fd, which is then closed, when all of this is so.
int hold_main(Arguments arguments);

/// sudo for images that have none; see sudo.cpp for whom it serves.
int sudo_main(Arguments arguments);

}  // namespace devenv::guest

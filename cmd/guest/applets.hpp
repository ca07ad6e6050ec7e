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

/// broker NAME --listen-fd N --holder-fd N [--root-uid N] [--ask] [--devenv PATH]: on the host;
/// runs commands for the programs inside that ask for it on the listening socket. Ends, and ends
/// what it runs, when the process of the pidfd --holder-fd does. Served are the user's own
/// processes and those of --root-uid, which is root inside. With --ask the user is asked each time.
/// --devenv is run as "devenv" where the PATH has none.
int broker_main(Arguments arguments);

/// Inside: runs a command on the host. Called `host` or `host-exec` the arguments are the command;
/// called `devenv`, "host COMMAND..." is, or else the whole line; by any other name it is that
/// program. Status: the command's; 125 when there is nobody to run it, 126 when it cannot be
/// executed, 127 when there is no such command. Killed by a signal when the command was.
int host_main(Arguments arguments);

/// sudo for images that have none; see sudo.cpp for whom it serves.
int sudo_main(Arguments arguments);

}  // namespace devenv::guest

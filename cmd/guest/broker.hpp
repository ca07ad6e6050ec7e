// SPDX-License-Identifier: MIT
// The broker on the host. One process waits for connections; each gets a process of its own, so
// that what a request does to memory and to descriptors stays with it:
//   broker            accepts; ends with the holder of the namespaces
//    └ serve          one conversation; leads the session that the command runs in
//       └ command     leads a process group of its own
#pragma once

#include <sys/types.h>

#include "cmd/guest/host_protocol.hpp"

namespace devenv::guest {

struct BrokerOptions {
  const char* name = nullptr;    ///< of the environment
  const char* devenv = nullptr;  ///< program for the command "devenv" where the PATH has none
  int listen_fd = -1;
  int holder_fd = -1;  ///< pidfd
  uid_t root_uid = static_cast<uid_t>(-1);
  bool ask = false;
};

/// What a serving process watches.
struct Watch {
  int connection = -1;
  int holder = -1;
  int signals = -1;  ///< hold_signals with SIGCHLD
};

/// Serves one connection, to its end.
void serve(const BrokerOptions& options, int connection);

enum class Answer { yes, no, cannot_ask, nobody_waits };
/// Asks the user, on the display the broker was started with, whether the command may run.
Answer ask_user(const char* environment, const Request& request, const Watch& watch);

/// Goes to the directory that the caller stands in: the same path without a leading /run/host, if
/// it is the same directory. Else to the home, if the request allows that. Gives the path; nullptr
/// when there is none.
const char* enter_directory(const Request& request);

/// The broker's own variables with those of the request, PWD, and DEVENV_CALLER: the environment.
char** command_environment(const Request& request, const char* directory, const char* caller);

/// Becomes the program, found as execvp(3) does in the PATH of `environment`. Returns the errno.
int execute(char** arguments, char** environment, const char* devenv);

}  // namespace devenv::guest

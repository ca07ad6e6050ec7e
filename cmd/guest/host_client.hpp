// SPDX-License-Identifier: MIT
// The inside of a conversation with the broker.
#pragma once

#include "cmd/guest/host_protocol.hpp"

namespace devenv::guest {

struct Outcome {
  ReplyKind kind;
  std::int32_t value;
  bool broken_off = false;  ///< the broker went away
};

/// Whether the command gets a terminal of its own where the caller has one.
enum class Terminal { own, shared };

/// Sends the request over the connected socket and stays until the command has ended. Ends this
/// process when a signal asks for that before the command was started.
Outcome converse(int socket, RequestHead head, const char* text, Terminal terminal);

/// Ends this process the way the signal does by default.
[[noreturn]] void die_by_signal(int number);

}  // namespace devenv::guest

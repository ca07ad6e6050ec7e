// SPDX-License-Identifier: MIT
// Bytes and open files over a local socket (unix(7)).
#pragma once

#include <cstddef>
#include <span>

#include "cmd/guest/host_protocol.hpp"

namespace devenv::guest {

/// Sends the head and, with its first byte, the three streams.
bool send_head(int socket, const RequestHead& head, std::span<const int, kStreams> streams);

/// Receives a head and exactly three open files; they are closed on exec. False when anything else
/// arrives; files that did are closed.
bool receive_head(int socket, RequestHead& head, std::span<int, kStreams> streams);

/// Sends all bytes; never SIGPIPE.
bool send_all(int socket, const void* bytes, std::size_t size);
/// Receives exactly `size` bytes.
bool receive_all(int socket, void* bytes, std::size_t size);

bool send_reply(int socket, ReplyKind kind, std::int32_t value);

}  // namespace devenv::guest

// SPDX-License-Identifier: MIT
// Sockets that are files (unix(7)).
#pragma once

#include <string>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {

/// A stream socket without a name.
Result<UniqueFd> make_local_socket();

/// Gives the socket the name `path` (107 bytes at most), with these access rights less the umask,
/// and lets others connect to it. A file that is there already is removed.
Result<void> listen_at(int socket, const std::string& path, unsigned mode);

/// What a program that connects to the socket at `path` would meet. "@name" is one without a file
/// (unix(7), "Abstract sockets").
enum class SocketState { missing, no_answer, answers };
SocketState try_socket(const std::string& path);

/// Whether somebody, maybe in another process, has called listen_at for it.
bool is_listening(int socket);

}  // namespace devenv::sys

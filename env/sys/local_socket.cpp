// SPDX-License-Identifier: MIT
#include "env/sys/local_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "env/base/format.hpp"

namespace devenv::sys {
namespace {

constexpr int kQueueLength = 128;

}  // namespace

Result<UniqueFd> make_local_socket() {
  UniqueFd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made.valid()) {
    return fail_errno(errno, "cannot make a socket");
  }
  return made;
}

Result<void> listen_at(int socket, const std::string& path, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail_errno(ENAMETOOLONG, format("cannot make a socket at '{}'", path));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  (void)::unlink(path.c_str());
  // The file gets the mode of the socket: nobody connects before it is right.
  if (::fchmod(socket, mode) == -1 ||
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == -1 ||
      ::listen(socket, kQueueLength) == -1) {
    return fail_errno(errno, format("cannot make a socket at '{}'", path));
  }
  return {};
}

SocketState try_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (path.size() >= sizeof address.sun_path || !probe.valid()) {
    return SocketState::missing;
  }
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const bool is_abstract = path.starts_with('@');
  if (is_abstract) {
    address.sun_path[0] = '\0';
  }
  const std::size_t length =
      offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0U : 1U);
  // EAGAIN: a queue that is full for the moment.
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
                static_cast<socklen_t>(length)) == 0 ||
      errno == EAGAIN) {
    return SocketState::answers;
  }
  return errno == ENOENT || errno == ENOTDIR ? SocketState::missing : SocketState::no_answer;
}

bool is_listening(int socket) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

}  // namespace devenv::sys

// SPDX-License-Identifier: MIT
#include "cmd/guest/host_channel.hpp"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace devenv::guest {
namespace {

constexpr std::size_t kFilesSize = sizeof(int) * kStreams;
/// SCM_MAX_FD of Linux: whoever sends more than three is caught, and leaves nothing open.
constexpr std::size_t kMostFiles = 253;

/// Calls until it is not interrupted.
template <typename Call>
ssize_t retry(Call call) {
  ssize_t result = -1;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

/// Takes the files of a message; true when they are exactly those three.
bool take_files(msghdr& message, std::span<int, kStreams> streams) {
  std::size_t count = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t files = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t index = 0; index < files; ++index, ++count) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(part) + index * sizeof fd, sizeof fd);
      if (count < kStreams) {
        streams[count] = fd;
      } else {
        close(fd);
      }
    }
  }
  if (count == kStreams && (message.msg_flags & MSG_CTRUNC) == 0) {
    return true;
  }
  for (std::size_t index = 0; index < count && index < kStreams; ++index) {
    close(streams[index]);
  }
  return false;
}

}  // namespace

bool send_head(int socket, const RequestHead& head, std::span<const int, kStreams> streams) {
  alignas(cmsghdr) char control[CMSG_SPACE(kFilesSize)] = {};
  iovec bytes = {.iov_base = const_cast<RequestHead*>(&head), .iov_len = sizeof head};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const files = CMSG_FIRSTHDR(&message);
  files->cmsg_level = SOL_SOCKET;
  files->cmsg_type = SCM_RIGHTS;
  files->cmsg_len = CMSG_LEN(kFilesSize);
  memcpy(CMSG_DATA(files), streams.data(), kFilesSize);
  return retry([&] { return sendmsg(socket, &message, MSG_NOSIGNAL); }) == sizeof head;
}

bool receive_head(int socket, RequestHead& head, std::span<int, kStreams> streams) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostFiles)] = {};
  iovec bytes = {.iov_base = &head, .iov_len = sizeof head};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t received = retry([&] { return recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
  return received >= 0 && take_files(message, streams) && received == sizeof head;
}

bool send_all(int socket, const void* bytes, std::size_t size) {
  const auto* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t sent = retry([&] { return send(socket, from, size, MSG_NOSIGNAL); });
    if (sent <= 0) {
      return false;
    }
    from += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, void* bytes, std::size_t size) {
  auto* to = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t received = retry([&] { return recv(socket, to, size, 0); });
    if (received <= 0) {
      return false;
    }
    to += received;
    size -= static_cast<std::size_t>(received);
  }
  return true;
}

bool send_reply(int socket, ReplyKind kind, std::int32_t value) {
  const Reply reply = {kind, value};
  return send_all(socket, &reply, sizeof reply);
}

}  // namespace devenv::guest

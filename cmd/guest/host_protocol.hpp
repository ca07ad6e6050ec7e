// SPDX-License-Identifier: MIT
// What is said between a program inside and the broker on the host, over a stream socket.
//
//   inside -> host   one RequestHead; at its first byte the three standard streams (SCM_RIGHTS)
//   inside -> host   `size` bytes, texts that end with NUL: directory, arguments, variables
//   host -> inside   Reply: started, failed or refused
//   host -> inside   Reply: stopped, as often as it happens; at the end exited or killed
//   inside -> host   one byte for each signal, its number
//
// Either side ends the conversation by closing. Whatever arrives on the host may be made up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace devenv::guest {

/// Inside; in memory of the environment, so nobody else gets to it.
constexpr char kHostSocket[] = "/run/devenv/host.sock";

constexpr std::uint32_t kRequestMark = 0x44564832;  ///< "DVH2"
/// Linux itself takes 6 MiB of arguments and variables at most (execve(2)), by default 2.
constexpr std::uint32_t kLargestRequest = 4U * 1024 * 1024;
constexpr std::size_t kStreams = 3;

struct RequestHead {
  std::uint32_t mark = kRequestMark;
  std::uint32_t size = 0;       ///< bytes of text that follow
  std::uint32_t arguments = 0;  ///< at least one
  std::uint32_t variables = 0;
  std::uint32_t mask = 0;      ///< umask(2)
  std::uint32_t terminal = 0;  ///< 1: the first stream becomes the controlling terminal
  std::uint32_t anywhere = 0;  ///< 1: the command may run in the home as well
  std::uint32_t reserved = 0;
  std::uint64_t device = 0;  ///< of the working directory, st_dev
  std::uint64_t inode = 0;   ///< st_ino
};

struct Request {
  std::string_view directory;  ///< empty: none
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool anywhere = false;
  std::span<char*> arguments;  ///< a null pointer follows the last one
  std::span<char*> variables;  ///< "NAME=value", all of them of crosses()
  std::uint32_t mask = 0;
  bool terminal = false;
};

/// Whether the head promises something that can be.
bool is_valid(const RequestHead& head);

/// Takes the texts apart, which it refers to. nullopt when they are not exactly what `head` says.
std::optional<Request> parse_request(const RequestHead& head, std::span<char> text);

/// Whether a variable ("NAME" or "NAME=value") of the caller goes along: what says how it looks at
/// things. Everything else the command has from the host.
bool crosses(std::string_view variable);

/// The value as it is on the host, where /run/host/x is /x. Never longer. Gives the new length.
std::size_t strip_host_root(std::span<char> value);

/// The path on the host of a directory inside: "/x" of "/run/host/x", "/" of "/run/host".
const char* path_on_host(const char* path);

enum class ReplyKind : std::uint32_t {
  started = 1,
  failed,   ///< value: errno of execve(2)
  refused,  ///< value: a Refusal
  stopped,  ///< value: the signal
  exited,   ///< value: the exit status
  killed,   ///< value: the signal
};

enum class Refusal : std::int32_t {
  malformed = 1,
  stranger,    ///< not the user, nor root of this environment
  declined,    ///< the user was asked, and said no
  cannot_ask,  ///< there is no display, or no program for dialogs
  elsewhere    ///< the working directory is not the host's
};

struct Reply {
  ReplyKind kind;
  std::int32_t value;
};

/// Whether the signal may be sent to a command.
bool is_forwarded(int number);
/// Of those: whether it means that nobody waits any more, when the command was not yet started.
bool calls_off(int number);

}  // namespace devenv::guest

// SPDX-License-Identifier: MIT
#include "cmd/guest/host_protocol.hpp"

#include <signal.h>
#include <string.h>

#include "cmd/guest/memory.hpp"
#include "cmd/guest/output.hpp"

namespace devenv::guest {
namespace {

constexpr std::uint32_t kLargestMask = 0777;
constexpr std::string_view kHostRoot = "/run/host/";
constexpr std::string_view kCrossing[] = {
    "TERM",
    "COLORTERM",
    "LANG",
    "LANGUAGE",
    "DISPLAY",
    "NO_COLOR",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
};

/// The texts of a request, one after the other.
class Texts {
 public:
  explicit Texts(std::span<char> bytes) : rest_(bytes) {}

  /// nullptr when there is no further one.
  char* next() {
    if (rest_.empty()) {
      return nullptr;
    }
    char* const text = rest_.data();
    const std::size_t length = strnlen(text, rest_.size());
    if (length == rest_.size()) {
      return nullptr;  // its end is missing
    }
    rest_ = rest_.subspan(length + 1);
    return text;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::span<char> rest_;
};

/// `count` texts, and a null pointer after them; empty when there are fewer.
std::optional<std::span<char*>> take(Texts& texts, std::uint32_t count) {
  char** const list = allocate_array<char*>(std::size_t{count} + 1);
  for (std::uint32_t index = 0; index < count; ++index) {
    list[index] = texts.next();
    if (list[index] == nullptr) {
      return std::nullopt;
    }
  }
  return std::span(list, count);
}

}  // namespace

bool is_valid(const RequestHead& head) {
  // Each text has one byte at least, so `size` bounds their number.
  return head.mark == kRequestMark && head.size <= kLargestRequest && head.arguments > 0 &&
         head.arguments < head.size && head.variables < head.size - head.arguments &&
         head.mask <= kLargestMask && head.terminal <= 1 && head.anywhere <= 1;
}

std::optional<Request> parse_request(const RequestHead& head, std::span<char> text) {
  if (!is_valid(head) || text.size() != head.size) {
    return std::nullopt;
  }
  Texts texts(text);
  const char* const directory = texts.next();
  const auto arguments = take(texts, head.arguments);
  const auto variables = take(texts, head.variables);
  if (directory == nullptr || !arguments || !variables || !texts.empty() ||
      (*directory != '\0' && *directory != '/')) {
    return std::nullopt;
  }
  for (const std::string_view variable : *variables) {
    if (variable.find('=') == std::string_view::npos || !crosses(variable)) {
      return std::nullopt;
    }
  }
  return Request{.directory = directory,
                 .device = head.device,
                 .inode = head.inode,
                 .anywhere = head.anywhere == 1,
                 .arguments = *arguments,
                 .variables = *variables,
                 .mask = head.mask,
                 .terminal = head.terminal == 1};
}

bool crosses(std::string_view variable) {
  const std::string_view name = take_field(variable, '=');
  for (const std::string_view crossing : kCrossing) {
    if (name == crossing) {
      return true;
    }
  }
  return name.starts_with("LC_");
}

std::size_t strip_host_root(std::span<char> value) {
  std::size_t used = 0;
  for (std::size_t from = 0; from < value.size();) {
    const bool begins = from == 0 || value[from - 1] == '=' || value[from - 1] == ':';
    const std::string_view rest(value.data() + from, value.size() - from);
    if (begins && rest.starts_with(kHostRoot)) {
      from += kHostRoot.size() - 1;
    }
    value[used++] = value[from++];
  }
  return used;
}

const char* path_on_host(const char* path) {
  const std::string_view text(path);
  if (text.starts_with(kHostRoot)) {
    return path + kHostRoot.size() - 1;
  }
  return text == kHostRoot.substr(0, kHostRoot.size() - 1) ? "/" : path;
}

bool is_forwarded(int number) {
  for (const int forwarded :
       {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT}) {
    if (number == forwarded) {
      return true;
    }
  }
  return false;
}

bool calls_off(int number) {
  return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

}  // namespace devenv::guest

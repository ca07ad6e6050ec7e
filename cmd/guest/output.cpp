// SPDX-License-Identifier: MIT
#include "cmd/guest/output.hpp"

#include <errno.h>
#include <string.h>
#include <unistd.h>

namespace devenv::guest {
namespace {

/// Collects pieces so that a line is one write: lines of several processes do not mix.
class Buffer {
 public:
  explicit Buffer(int fd) : fd_(fd) {}

  void add(char c) {
    if (used_ == sizeof bytes_) {
      flush();
    }
    bytes_[used_++] = c;
  }
  void add(std::string_view text) {
    for (const char c : text) {
      add(c);
    }
  }
  void add_visible(std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      add(byte < 0x20 || byte == 0x7f ? '?' : c);
    }
  }
  void flush() {
    const char* from = bytes_;
    while (used_ > 0) {
      const ssize_t written = write(fd_, from, used_);
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written <= 0) {
        break;
      }
      from += written;
      used_ -= static_cast<std::size_t>(written);
    }
    used_ = 0;
  }

 private:
  int fd_;
  std::size_t used_ = 0;
  char bytes_[1024];
};

}  // namespace

void print(int fd, std::initializer_list<std::string_view> parts) {
  Buffer buffer(fd);
  for (const std::string_view part : parts) {
    buffer.add(part);
  }
  buffer.flush();
}

void complain(std::string_view prefix, std::initializer_list<std::string_view> message) {
  Buffer buffer(STDERR_FILENO);
  buffer.add(prefix);
  buffer.add(": ");
  for (const std::string_view part : message) {
    buffer.add_visible(part);
  }
  buffer.add('\n');
  buffer.flush();
}

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t maximum) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > maximum) {
      return std::nullopt;
    }
  }
  return text.empty() ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
}

Digits::Digits(std::uint32_t value) : digits_{}, first_(digits_ + sizeof digits_) {
  do {
    *--first_ = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
}

std::string_view error_text(int error_number) {
  switch (error_number) {
    case EPERM:
      return "Operation not permitted";
    case ENOENT:
      return "No such file or directory";
    case EACCES:
      return "Permission denied";
    case ENOEXEC:
      return "Exec format error";
    case E2BIG:
      return "Argument list too long";
    case ENOTDIR:
      return "Not a directory";
    case EISDIR:
      return "Is a directory";
    case ELOOP:
      return "Too many levels of symbolic links";
    case ENOMEM:
      return "Cannot allocate memory";
    case EAGAIN:
      return "Resource temporarily unavailable";
    case EINVAL:
      return "Invalid argument";
    case EIO:
      return "Input/output error";
    case ETXTBSY:
      return "Text file busy";
    case EBADF:
      return "Bad file descriptor";
    default:
      return "unexpected error";
  }
}

std::string_view basename(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) {
    path.remove_prefix(slash + 1);
  }
  return path;
}

}  // namespace devenv::guest

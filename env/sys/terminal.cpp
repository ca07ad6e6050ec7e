// SPDX-License-Identifier: MIT
#include "env/sys/terminal.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include "env/sys/file.hpp"
#include "env/sys/poll.hpp"
#include "env/sys/signals.hpp"

namespace devenv::sys {
namespace {

/// Does not show what is typed while it lives, but for the end of the line.
class HiddenInput {
 public:
  static Result<HiddenInput> begin(int fd) {
    termios before{};
    if (::tcgetattr(fd, &before) == -1) {
      return fail_errno(errno, "cannot read from the terminal");
    }
    termios hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    if (::tcsetattr(fd, TCSAFLUSH, &hidden) == -1) {
      return fail_errno(errno, "cannot hide what is typed");
    }
    return HiddenInput(fd, before);
  }
  HiddenInput(HiddenInput&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), before_(other.before_) {}
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
  HiddenInput& operator=(HiddenInput&&) = delete;
  ~HiddenInput() {
    if (fd_ >= 0) {
      ::tcsetattr(fd_, TCSAFLUSH, &before_);
    }
  }

 private:
  HiddenInput(int fd, const termios& before) : fd_(fd), before_(before) {}
  int fd_;
  termios before_;
};

}  // namespace

bool is_terminal(int fd) {
  return ::isatty(fd) == 1;
}

std::optional<TerminalSize> terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == -1 || size.ws_col == 0 || size.ws_row == 0) {
    return std::nullopt;
  }
  return TerminalSize{.columns = size.ws_col, .rows = size.ws_row};
}

Result<std::string> read_hidden_line(int fd) {
  // Its destructor delivers what came: it is made first, so that the terminal is restored by then.
  TRY_ASSIGN(HeldSignals signals, HeldSignals::hold({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}));
  TRY_ASSIGN(const HiddenInput hidden, HiddenInput::begin(fd));
  std::string line;
  std::array<char, 256> buffer{};
  while (line.find('\n') == std::string::npos) {
    std::vector<WaitEntry> entries = {{.fd = fd}, {.fd = signals.fd()}};
    TRY(wait_for_any(entries, std::nullopt));
    if (entries[1].ready) {
      return fail(ErrorCode::interrupted, "interrupted");
    }
    TRY_ASSIGN(const std::size_t count, read_some(fd, buffer));
    if (count == 0) {
      break;
    }
    line.append(buffer.data(), count);
  }
  line.erase(std::min(line.find_first_of("\r\n"), line.size()));
  return line;
}

}  // namespace devenv::sys

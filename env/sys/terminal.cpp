// SPDX-License-Identifier: MIT
#include "env/sys/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace devenv::sys {

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

}  // namespace devenv::sys

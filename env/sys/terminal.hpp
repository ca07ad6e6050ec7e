// SPDX-License-Identifier: MIT
// What is at the other end of a file descriptor.
#pragma once

#include <optional>
#include <string>

#include "env/base/result.hpp"

namespace devenv::sys {

/// isatty(3).
bool is_terminal(int fd);

struct TerminalSize {
  unsigned columns = 0;
  unsigned rows = 0;
};
/// TIOCGWINSZ (ioctl_tty(2)); nullopt when `fd` is no terminal or one that does not know its size.
std::optional<TerminalSize> terminal_size(int fd);

/// A line of a terminal that does not show it meanwhile, without its end; "" at the end of input.
/// Signals that end this process do so after the terminal is as it was. Source: termios(3), ECHO.
/// Errors: failed when `fd` is no terminal.
Result<std::string> read_hidden_line(int fd);

}  // namespace devenv::sys

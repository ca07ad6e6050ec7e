// SPDX-License-Identifier: MIT
// What is at the other end of a file descriptor.
#pragma once

#include <optional>

namespace devenv::sys {

/// isatty(3).
bool is_terminal(int fd);

struct TerminalSize {
  unsigned columns = 0;
  unsigned rows = 0;
};
/// TIOCGWINSZ (ioctl_tty(2)); nullopt when `fd` is no terminal or one that does not know its size.
std::optional<TerminalSize> terminal_size(int fd);

}  // namespace devenv::sys

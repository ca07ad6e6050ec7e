// SPDX-License-Identifier: MIT
// Progress of parallel tasks: bars on a terminal, one line per finished task elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "env/sys/terminal.hpp"

namespace devenv::cmd {

/// Keeps what the bars show and says which bytes to write; it writes nothing and has no clock, so
/// that tests can look at every frame.
///
/// The bars are the last lines of the screen. Everything else that is written meanwhile goes
/// through above(). The cursor is never hidden: whatever kills this program leaves a usable
/// terminal.
class Progress {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Form { bars, lines };

  explicit Progress(Form form) : form_(form) {}

  /// Takes news of a task in; the bytes to write for it, often none: bars are drawn at most ten
  /// times a second. `size` is what the terminal has now.
  std::string update(std::string_view id,
                     std::string_view activity,
                     std::uint64_t done,
                     std::uint64_t total,
                     bool finished,
                     Time now,
                     sys::TerminalSize size);

  /// The bytes that show `text` (whole lines) above the bars.
  std::string above(std::string_view text, sys::TerminalSize size);

  /// Forgets all tasks; the bytes that remove their bars.
  std::string clear();

 private:
  struct Task {
    std::string id;
    std::string activity;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
  };

  std::string erase();
  std::string draw(sys::TerminalSize size);

  Form form_;
  std::vector<Task> tasks_;      ///< in the order they began, without finished ones
  std::size_t drawn_lines_ = 0;  ///< on the screen now
  Time last_drawn_{};
};

}  // namespace devenv::cmd

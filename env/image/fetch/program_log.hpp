// SPDX-License-Identifier: MIT
// What a bootstrap program says while it works.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::image::fetch {

/// Splits a program's stderr into lines, tells about its steps ("I: downloading packages...") and
/// keeps the end for an error message.
class ProgramLog {
 public:
  explicit ProgramLog(std::function<void(std::string_view)> announce)
      : announce_(std::move(announce)) {}

  void add(std::string_view bytes);
  /// The first errors, or else the last lines, on one line. Safe for a terminal.
  std::string summary() const;
  /// Whether it says that a server could not be reached.
  bool blames_network() const { return blames_network_; }

 private:
  void take_line(std::string_view line);

  std::function<void(std::string_view)> announce_;
  std::string unfinished_;
  std::vector<std::string> first_errors_;
  std::deque<std::string> last_lines_;
  bool blames_network_ = false;
};

}  // namespace devenv::image::fetch

// SPDX-License-Identifier: MIT
#include "env/image/fetch/program_log.hpp"

#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kQuotedLines = 3;
constexpr std::size_t kMaxLine = 400;

/// apt's words.
constexpr std::array<std::string_view, 5> kNetworkWords = {
    "Could not resolve", "Could not connect", "Temporary failure resolving", "Connection timed out",
    "Cannot initiate the connection"};

}  // namespace

void ProgramLog::add(std::string_view bytes) {
  for (const char c : bytes) {
    if (c != '\n' && c != '\r') {
      unfinished_ += unfinished_.size() < kMaxLine ? std::string(1, c) : "";
      continue;
    }
    take_line(text::trim(unfinished_));
    unfinished_.clear();
  }
}

void ProgramLog::take_line(std::string_view line) {
  if (line.empty()) {
    return;
  }
  for (const std::string_view words : kNetworkWords) {
    blames_network_ = blames_network_ || line.find(words) != std::string_view::npos;
  }
  // The first errors say why, the later ones only that.
  if (line.starts_with("E: ") && first_errors_.size() < kQuotedLines) {
    first_errors_.push_back(text::sanitize(line.substr(3)));
  }
  last_lines_.push_back(text::sanitize(line));
  if (last_lines_.size() > kQuotedLines) {
    last_lines_.pop_front();
  }
  // "I: downloading packages with apt..."
  const bool internal = line.find("tempdir") != std::string_view::npos;
  if (line.starts_with("I: ") && line.ends_with("...") && !internal) {
    announce_(text::sanitize(line.substr(3, line.size() - 6)));
  }
}

std::string ProgramLog::summary() const {
  return join(first_errors_.empty()
                  ? std::vector<std::string>(last_lines_.begin(), last_lines_.end())
                  : first_errors_,
              "; ");
}

}  // namespace devenv::image::fetch

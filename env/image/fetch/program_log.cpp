// SPDX-License-Identifier: MIT
#include "env/image/fetch/program_log.hpp"

#include <array>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kKeptLines = 20;
constexpr std::size_t kQuotedLines = 4;
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
  last_lines_.push_back(text::sanitize(line));
  if (last_lines_.size() > kKeptLines) {
    last_lines_.pop_front();
  }
  // "I: downloading packages with apt..."
  if (line.starts_with("I: ") && line.ends_with("...")) {
    announce_(text::sanitize(line.substr(3, line.size() - 6)));
  }
}

std::string ProgramLog::summary() const {
  std::vector<std::string> errors;
  for (const std::string& line : last_lines_) {
    if (line.starts_with("E: ")) {
      errors.push_back(line.substr(3));
    }
  }
  if (errors.empty()) {
    errors.assign(last_lines_.begin(), last_lines_.end());
  }
  if (errors.size() > kQuotedLines) {
    errors.erase(errors.begin(), errors.end() - static_cast<std::ptrdiff_t>(kQuotedLines));
  }
  return join(errors, "; ");
}

}  // namespace devenv::image::fetch

// SPDX-License-Identifier: MIT
#include "env/base/os_release.hpp"

#include "env/base/text.hpp"

namespace devenv {
namespace {

/// These are written with a backslash before them.
std::string without_escapes(std::string_view value) {
  std::string plain;
  for (std::size_t at = 0; at < value.size(); ++at) {
    const bool is_escape =
        value[at] == '\\' && at + 1 < value.size() &&
        std::string_view("\"'$`\\").find(value[at + 1]) != std::string_view::npos;
    at += is_escape ? 1U : 0U;
    plain += value[at];
  }
  return plain;
}

}  // namespace

std::string os_release_value(std::string_view text, std::string_view name) {
  for (const std::string_view line : text::lines(text)) {
    const std::size_t equals = line.find('=');
    if (line.substr(0, equals) != name || equals == std::string_view::npos) {
      continue;
    }
    std::string_view value = text::trim(line.substr(equals + 1));
    if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0]) {
      value = value.substr(1, value.size() - 2);
    }
    return without_escapes(value);
  }
  return "";
}

}  // namespace devenv

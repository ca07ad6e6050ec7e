// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "env/base/result.hpp"

namespace devenv::instance {

/// A checked name of an environment: a letter or digit, then letters, digits, '_', '.', '-'; at
/// most 63 characters. Safe as a file name and as a host name label.
class EnvironmentName {
 public:
  /// Errors: usage, saying which rule is broken; the hint proposes a name.
  static Result<EnvironmentName> parse(std::string_view text);
  const std::string& string() const { return text_; }
  auto operator<=>(const EnvironmentName&) const = default;

 private:
  explicit EnvironmentName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace devenv::instance

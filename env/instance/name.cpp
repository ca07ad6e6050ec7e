// SPDX-License-Identifier: MIT
#include "env/instance/name.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::instance {
namespace {

constexpr std::size_t kMaxLength = 63;  // a host name label (RFC 1123, section 2.1)

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_allowed(char c) {
  return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
}

/// The nearest valid name, "" if nothing is left of the text.
std::string proposal(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const char allowed = is_allowed(c) ? c : '-';
    const bool starts = name.empty() && !is_alphanumeric(allowed);
    const bool repeats = allowed == '-' && name.ends_with('-');
    if (!starts && !repeats && name.size() < kMaxLength) {
      name += allowed;
    }
  }
  while (name.ends_with('-')) {
    name.pop_back();
  }
  return name;
}

}  // namespace

Result<EnvironmentName> EnvironmentName::parse(std::string_view text) {
  std::string_view problem;
  if (text.empty()) {
    problem = "it is empty";
  } else if (!is_alphanumeric(text[0])) {
    problem = "it must start with a letter or a digit";
  } else if (text.size() > kMaxLength) {
    problem = "it is longer than 63 characters";
  } else {
    for (const char c : text) {
      if (!is_allowed(c)) {
        problem = "only letters, digits, '_', '.' and '-' are allowed";
      }
    }
  }
  if (problem.empty()) {
    return EnvironmentName(std::string(text));
  }
  Error error(ErrorCode::usage, format("'{}' is not a name for an environment: {}",
                                       text::sanitize(text.substr(0, 2 * kMaxLength)), problem));
  const std::string better = proposal(text);
  return fail(better.empty() ? error : error.with_hint(format("try '{}'", better)));
}

}  // namespace devenv::instance

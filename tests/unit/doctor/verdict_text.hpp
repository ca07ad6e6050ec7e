// SPDX-License-Identifier: MIT
// Verdicts in one line, so that tables of expectations read like the output.
#pragma once

#include <string>

#include "env/doctor/facts.hpp"

namespace devenv::doctor {

/// "pass: detail", "warn: detail [hint]".
inline std::string line(const Verdict& verdict) {
  std::string text = std::string(to_string(verdict.status)) + ": " + verdict.detail;
  return verdict.hint.empty() ? text : text + " [" + verdict.hint + "]";
}

inline Attempt works() {
  return {.outcome = Attempt::Outcome::works};
}
inline Attempt fails(std::string reason, std::string hint = "") {
  return {.outcome = Attempt::Outcome::fails, .reason = std::move(reason), .hint = std::move(hint)};
}
inline Attempt not_tried(std::string reason) {
  return {.reason = std::move(reason)};
}

}  // namespace devenv::doctor

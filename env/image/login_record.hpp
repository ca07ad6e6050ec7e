// SPDX-License-Identifier: MIT
// What became of a login or a logout.
#pragma once

#include <string>
#include <vector>

#include "env/base/json.hpp"
#include "env/base/result.hpp"

namespace devenv::image {

struct LoginRecord {
  std::string registry;  ///< "quay.io", "quay.io/team"
  /// Files and helpers that have the password now, or no longer.
  std::vector<std::string> places;
  /// After a logout: what still has one, and is not ours to change.
  std::vector<std::string> left;

  Json to_json() const;
  /// Errors: integrity.
  static Result<LoginRecord> from_json(const Json& json);
  bool operator==(const LoginRecord&) const = default;
};

}  // namespace devenv::image

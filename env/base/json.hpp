// SPDX-License-Identifier: MIT
// JSON for machine-written files and documents from outside. The one place that includes
// nlohmann-json; its exceptions never leave json.cpp as long as readers use the getters here.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv {
/// Keys keep the order they were inserted in: our documents read well and diff well.
using Json = nlohmann::ordered_json;
}  // namespace devenv

namespace devenv::json {

/// Limits for documents that come from outside.
struct Limits {
  std::size_t max_bytes = 4U * 1024 * 1024;
  int max_depth = 64;
  std::size_t max_members = 10'000;  ///< of one object
};

/// Strict parser: no comments, no trailing bytes, no duplicate keys within an object.
/// Errors: integrity, with the byte offset.
Result<Json> parse(std::string_view text, const Limits& limits = {});

/// Malformed UTF-8 becomes U+FFFD. `indent` < 0 gives one line.
std::string dump(const Json& value, int indent = 2);

// Getters never throw. A missing or mistyped member is an integrity error that names the key.
Result<std::string> get_string(const Json& object, std::string_view key);
Result<std::uint64_t> get_uint(const Json& object, std::string_view key);
Result<bool> get_bool(const Json& object, std::string_view key);
/// The member itself, which must be an array (or object).
Result<const Json*> get_array(const Json& object, std::string_view key);
Result<const Json*> get_object(const Json& object, std::string_view key);
Result<std::vector<std::string>> get_strings(const Json& object, std::string_view key);
/// As get_strings, but none where there is no such member.
Result<std::vector<std::string>> strings_or_none(const Json& object, std::string_view key);

/// nullptr when `object` is not an object, has no such member, or the member is null.
const Json* find(const Json& object, std::string_view key);
/// `fallback` when the member is missing or not a string.
std::string string_or(const Json& object, std::string_view key, std::string_view fallback);

}  // namespace devenv::json

// SPDX-License-Identifier: MIT
// Writes TOML that people go on with. Source: TOML 1.0.0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devenv::profiles {

/// "\"a\\nb\"": a basic string.
std::string toml_string(std::string_view text);

/// A key as it is, or quoted.
std::string toml_key(std::string_view key);

/// Keys and tables in the order of the calls. What is empty is left out, and so is a table in which
/// nothing is.
class TomlWriter {
 public:
  void table(std::string_view name) { header("[" + std::string(name) + "]"); }
  /// A new element of an array of tables.
  void element(std::string_view name) { header("[[" + std::string(name) + "]]"); }
  void text(std::string_view key, std::string_view value);
  /// As it is; `value` is TOML.
  void raw(std::string_view key, std::string_view value) { line(key, value); }
  void list(std::string_view key, const std::vector<std::string>& values);

  std::string take() { return std::move(text_); }

 private:
  void header(std::string header) { header_ = std::move(header); }
  void line(std::string_view key, std::string_view value);

  std::string text_;
  std::string header_;  ///< of the table that has no key yet
};

}  // namespace devenv::profiles

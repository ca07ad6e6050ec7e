// SPDX-License-Identifier: MIT
// TOML text as a tree of values that know where they stand. toml.cpp alone includes toml++: its
// header costs seconds of compiling, sorts keys and drops their order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv {

/// Lines and columns count from 1; columns are code points.
struct TomlPosition {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

enum class TomlType { text, integer, floating, boolean, time, list, table };
/// With its article, for messages: "a string", "an integer"...
std::string_view describe(TomlType type);

struct TomlMember;

struct TomlValue {
  TomlType type = TomlType::table;
  TomlPosition position;
  std::string text;                 ///< of TomlType::text
  bool truth = false;               ///< of TomlType::boolean
  std::int64_t number = 0;          ///< of TomlType::integer
  std::vector<TomlValue> items;     ///< of TomlType::list
  std::vector<TomlMember> members;  ///< of TomlType::table, in the order of the file

  /// nullptr when there is no such key, or this is no table.
  const TomlMember* find(std::string_view key) const;
  /// The string at `key`; "" when there is none.
  std::string text_at(std::string_view key) const;
  /// The strings of the list at `key`; none when there is no such key.
  std::vector<std::string> texts_at(std::string_view key) const;
};

struct TomlMember {
  std::string key;
  TomlPosition position;  ///< of the key
  TomlValue value;
};

/// What is wrong with a text, and where.
struct TomlError {
  TomlPosition position;
  std::string message;  ///< safe for a terminal
};

/// The root table. Values are nested 256 deep at most, keys have 20 dots.
tl::expected<TomlValue, TomlError> parse_toml(std::string_view text);

}  // namespace devenv

// SPDX-License-Identifier: MIT
// TOML text as a tree of values that know where they stand. toml.cpp alone includes toml++: its
// header costs seconds of compiling, sorts keys and drops their order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "profiles/profile.hpp"

namespace devenv::profiles {

/// Lines and columns count from 1; columns are code points.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

enum class TomlType { text, integer, floating, boolean, time, list, table };
/// With its article, for messages: "a string", "an integer"...
std::string_view describe(TomlType type);

struct TomlMember;

struct TomlValue {
  TomlType type = TomlType::table;
  Position position;
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
  Position position;  ///< of the key
  TomlValue value;
};

/// The root table, or what is wrong with the text. `file` is only named in the diagnostic.
tl::expected<TomlValue, Diagnostic> parse_toml(std::string_view text, const std::string& file);

/// A table of tools that was checked.
ToolPackages read_tools(const TomlValue& table);

/// `share` and `no-share` of a table that was checked.
host::ShareChoice read_shares(const TomlValue& table);

}  // namespace devenv::profiles

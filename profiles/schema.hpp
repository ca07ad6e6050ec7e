// SPDX-License-Identifier: MIT
// The keys of our TOML files, each in one row: what is checked is what is documented.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/profile.hpp"

namespace devenv::profiles {

struct TomlValue;

enum class ValueKind {
  text,        ///< a string
  boolean,     ///< true or false
  text_list,   ///< an array of strings
  table,       ///< [name]
  table_list,  ///< [[name]]
};
enum class Need { required, optional };

/// What is wrong with a string, and what to write instead ("" when there is nothing to say).
struct Complaint {
  std::string message;
  std::string hint;
};
using Rule = std::optional<Complaint> (*)(std::string_view value);

struct SchemaKey {
  std::string_view table;  ///< the table it stands in; "" is the top of the file
  std::string_view name;
  ValueKind kind = ValueKind::text;
  Need need = Need::optional;
  std::string_view doc;  ///< one line, for people who write such a file
  Rule rule = nullptr;   ///< for each string of the value
};

/// Rule of keys that name shares of the host.
std::optional<Complaint> check_share(std::string_view value);

/// The keys of a distribution profile.
std::span<const SchemaKey> profile_schema();
/// The keys of config.toml.
std::span<const SchemaKey> config_schema();

/// Compares a file with its schema: unknown, missing and mistyped keys, and values that their rule
/// refuses. In the order of the file.
std::vector<Diagnostic> check_schema(const TomlValue& root,
                                     std::span<const SchemaKey> schema,
                                     const std::string& file);

/// The schema as a Markdown table, as profiles/README.md has it.
std::string schema_markdown(std::span<const SchemaKey> schema);

}  // namespace devenv::profiles

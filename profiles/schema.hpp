// SPDX-License-Identifier: MIT
// The keys of our TOML files, each in one row: what is checked is what is documented.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/json.hpp"
#include "profiles/profile.hpp"

namespace devenv {
struct TomlValue;
}

namespace devenv::profiles {

enum class ValueKind {
  text,          ///< a string
  boolean,       ///< true or false
  integer,       ///< a whole number from 1 on
  text_list,     ///< an array of strings
  text_or_list,  ///< a string, or an array of strings
  text_map,      ///< [name] with keys of the user's and strings
  option_map,    ///< [name] with keys of the user's and strings or booleans
  table,         ///< [name]
  table_list,    ///< [[name]]
  table_map,     ///< [name.KEY] with keys of the user's
  variant_map,   ///< [name.KEY] with the keys of the whole file
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
  std::string_view doc;             ///< one line, for people who write such a file
  Rule rule = nullptr;              ///< for each string of the value
  Rule key_rule = nullptr;          ///< for each key of the user's
  std::string_view shorthand = "";  ///< of a table_map: KEY = value stands for this key of KEY
};

/// Rule of keys that name shares of the host.
std::optional<Complaint> check_share(std::string_view value);

/// Rule of keys that name tools, and of what a project asks for by such a name.
std::optional<Complaint> check_tool(std::string_view value);
/// Rule of shells: a program by its name or path, without arguments.
std::optional<Complaint> check_shell(std::string_view value);

/// Rule of names of packages.
std::optional<Complaint> check_package(std::string_view value);
/// The same for several, with a space between them; none is none.
std::optional<Complaint> check_packages(std::string_view value);

/// The keys of a package manager.
std::span<const SchemaKey> manager_schema();
/// The keys of a distribution profile.
std::span<const SchemaKey> profile_schema();
/// The keys of a project's devenv.toml.
std::span<const SchemaKey> project_schema();
/// The keys of config.toml.
std::span<const SchemaKey> config_schema();

/// Compares a file with its schema: unknown, missing and mistyped keys, and values that their rule
/// refuses. In the order of the file.
std::vector<Diagnostic> check_schema(const TomlValue& root,
                                     std::span<const SchemaKey> schema,
                                     const std::string& file);

/// The schema for editors (JSON Schema 2020-12; TOML's types are those of JSON).
Json schema_json(std::span<const SchemaKey> schema, std::string_view title);

/// Rule of references to dev container features.
std::optional<Complaint> check_feature(std::string_view value);

/// "array of strings": without the article.
std::string_view type_name(ValueKind kind);
/// A table as people find it in a file: "[env]", "[[setup]]", "[tasks.NAME]".
std::string table_heading(std::span<const SchemaKey> schema, std::string_view table);

/// The schema as a Markdown table, as profiles/README.md has it.
std::string schema_markdown(std::span<const SchemaKey> schema);

}  // namespace devenv::profiles

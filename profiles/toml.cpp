// SPDX-License-Identifier: MIT
// No exceptions: a syntax error is a value here. Header-only, because the shared library would be
// loaded by every `devenv enter`.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>

#include "env/base/text.hpp"
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {
namespace {

/// A position of toml++, which is 0:0 for a table that only dotted keys imply.
Position position_of(const toml::source_region& region) {
  const toml::source_position& begin = region.begin;
  return {.line = std::max<std::uint32_t>(1, begin.line),
          .column = std::max<std::uint32_t>(1, begin.column)};
}

bool stands_before(const TomlMember& a, const TomlMember& b) {
  return a.position.line != b.position.line ? a.position.line < b.position.line
                                            : a.position.column < b.position.column;
}

TomlType type_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return TomlType::text;
    case toml::node_type::integer:
      return TomlType::integer;
    case toml::node_type::floating_point:
      return TomlType::floating;
    case toml::node_type::boolean:
      return TomlType::boolean;
    case toml::node_type::array:
      return TomlType::list;
    case toml::node_type::table:
      return TomlType::table;
    default:
      return TomlType::time;
  }
}

/// The recursion is bounded: toml++ refuses values nested deeper than 256.
TomlValue convert(const toml::node& node) {
  TomlValue value{.type = type_of(node), .position = position_of(node.source())};
  if (const toml::value<std::string>* text = node.as_string()) {
    value.text = text->get();
  } else if (const toml::array* list = node.as_array()) {
    for (const toml::node& item : *list) {
      value.items.push_back(convert(item));
    }
  } else if (const toml::table* table = node.as_table()) {
    for (const auto& [key, member] : *table) {
      value.members.push_back({.key = std::string(key.str()),
                               .position = position_of(key.source()),
                               .value = convert(member)});
    }
    std::stable_sort(value.members.begin(), value.members.end(), stands_before);
  }
  return value;
}

}  // namespace

std::string_view describe(TomlType type) {
  switch (type) {
    case TomlType::text:
      return "a string";
    case TomlType::integer:
      return "an integer";
    case TomlType::floating:
      return "a number";
    case TomlType::boolean:
      return "a boolean";
    case TomlType::time:
      return "a date or time";
    case TomlType::list:
      return "an array";
    case TomlType::table:
      return "a table";
  }
  return "a value";
}

const TomlMember* TomlValue::find(std::string_view key) const {
  const auto member = std::find_if(members.begin(), members.end(),
                                   [key](const TomlMember& each) { return each.key == key; });
  return member == members.end() ? nullptr : &*member;
}

std::string TomlValue::text_at(std::string_view key) const {
  const TomlMember* member = find(key);
  return member == nullptr ? "" : member->value.text;
}

tl::expected<TomlValue, Diagnostic> parse_toml(std::string_view text, const std::string& file) {
  const toml::parse_result result = toml::parse(text, std::string_view(file));
  if (result.failed()) {
    const toml::parse_error& error = result.error();
    const Position position = position_of(error.source());
    return tl::unexpected<Diagnostic>(Diagnostic{.file = file,
                                                 .line = position.line,
                                                 .column = position.column,
                                                 .message = text::sanitize(error.description())});
  }
  return convert(result.table());
}

}  // namespace devenv::profiles

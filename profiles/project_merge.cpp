// SPDX-License-Identifier: MIT
#include "profiles/project_merge.hpp"

#include <algorithm>
#include <limits>

#include "env/base/text.hpp"
#include "profiles/schema.hpp"

namespace devenv::profiles {
namespace {

/// No environment starts with less.
constexpr std::uint64_t kLeastMemory = 1024 * 1024;

/// Whether the lists of this key add up.
bool adds_up(std::string_view table, std::string_view key) {
  const auto schema = project_schema();
  return std::any_of(schema.begin(), schema.end(), [&](const SchemaKey& row) {
    return row.table == table && row.name == key &&
           (row.kind == ValueKind::text_list || row.kind == ValueKind::table_list);
  });
}

void merge_table(TomlValue& onto, const TomlValue& top, std::string_view table);

void merge_member(TomlValue& onto, const TomlMember& top, std::string_view table) {
  const auto old = std::find_if(onto.members.begin(), onto.members.end(),
                                [&](const TomlMember& member) { return member.key == top.key; });
  if (old == onto.members.end()) {
    onto.members.push_back(top);
    return;
  }
  if (old->value.type == TomlType::table && top.value.type == TomlType::table) {
    // Keys of a task stand in the schema under "tasks", whatever the task is called.
    merge_table(old->value, top.value, table.empty() ? std::string_view(top.key) : table);
  } else if (old->value.type == TomlType::list && top.value.type == TomlType::list &&
             adds_up(table, top.key)) {
    old->value.items.insert(old->value.items.end(), top.value.items.begin(), top.value.items.end());
  } else {
    old->value = top.value;
  }
}

void merge_table(TomlValue& onto, const TomlValue& top, std::string_view table) {
  for (const TomlMember& member : top.members) {
    merge_member(onto, member, table);
  }
}

}  // namespace

void merge_project(TomlValue& onto, const TomlValue& top) {
  merge_table(onto, top, "");
}

std::optional<std::uint64_t> parse_memory(std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  const std::size_t unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  const unsigned shift =
      unit == std::string_view::npos ? 0 : 10U * (static_cast<unsigned>(unit) + 1);
  const auto number = text::parse_number(shift == 0 ? text : text.substr(0, text.size() - 1));
  if (!number || *number > (std::numeric_limits<std::uint64_t>::max() >> shift)) {
    return std::nullopt;
  }
  const std::uint64_t bytes = *number << shift;
  return bytes < kLeastMemory ? std::nullopt : std::optional(bytes);
}

}  // namespace devenv::profiles

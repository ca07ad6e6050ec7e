// SPDX-License-Identifier: MIT
#include "profiles/schema.hpp"

#include <algorithm>
#include <tuple>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {
namespace {

bool fits(TomlType type, ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return type == TomlType::text;
    case ValueKind::boolean:
      return type == TomlType::boolean;
    case ValueKind::integer:
      return type == TomlType::integer;
    case ValueKind::text_list:
    case ValueKind::table_list:
      return type == TomlType::list;
    case ValueKind::text_or_list:
      return type == TomlType::list || type == TomlType::text;
    case ValueKind::text_map:
    case ValueKind::option_map:
    case ValueKind::table:
    case ValueKind::table_map:
    case ValueKind::variant_map:
      return type == TomlType::table;
  }
  return false;
}

std::string_view describe(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return "a string";
    case ValueKind::boolean:
      return "a boolean";
    case ValueKind::integer:
      return "an integer";
    case ValueKind::text_list:
      return "an array of strings";
    case ValueKind::text_or_list:
      return "a string or an array of strings";
    case ValueKind::text_map:
      return "a table of strings";
    case ValueKind::option_map:
      return "a table of strings and booleans";
    case ValueKind::table_map:
    case ValueKind::variant_map:
      return "a table of tables";
    case ValueKind::table:
      return "a table";
    case ValueKind::table_list:
      return "an array of tables";
  }
  return "a value";
}

class Checker {
 public:
  Checker(std::span<const SchemaKey> schema, const std::string& file)
      : schema_(schema), file_(file) {}

  void check_table(const TomlValue& table, std::string_view name) {
    for (const TomlMember& member : table.members) {
      if (const SchemaKey* row = find(name, member.key)) {
        check_value(*row, member.value);
      } else {
        report_unknown(name, member);
      }
    }
    for (const SchemaKey& row : schema_) {
      if (row.table == name && row.need == Need::required && table.find(row.name) == nullptr) {
        report(table.position, format("missing key '{}'", row.name),
               format("{}: {}", row.name, row.doc));
      }
    }
  }

  std::vector<Diagnostic> take() {
    std::stable_sort(found_.begin(), found_.end(), [](const Diagnostic& a, const Diagnostic& b) {
      return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    return std::move(found_);
  }

 private:
  const SchemaKey* find(std::string_view table, std::string_view name) const {
    const auto row = std::find_if(schema_.begin(), schema_.end(), [&](const SchemaKey& each) {
      return each.table == table && each.name == name;
    });
    return row == schema_.end() ? nullptr : &*row;
  }

  void report(Position position, std::string message, std::string hint) {
    found_.push_back({.file = file_,
                      .line = position.line,
                      .column = position.column,
                      .message = std::move(message),
                      .hint = std::move(hint)});
  }

  void report_unknown(std::string_view table, const TomlMember& member) {
    std::vector<std::string> known;
    for (const SchemaKey& row : schema_) {
      if (row.table == table) {
        known.emplace_back(row.name);
      }
    }
    const auto close = text::closest(member.key, known);
    report(
        member.position, format("unknown key '{}'", text::sanitize(member.key)),
        close ? format("did you mean '{}'?", *close) : format("known keys: {}", join(known, ", ")));
  }

  void report_type(const SchemaKey& row, const TomlValue& value, std::string_view wanted) {
    report(value.position,
           format("'{}' must be {}, not {}", row.name, wanted, devenv::describe(value.type)), "");
  }

  void check_value(const SchemaKey& row, const TomlValue& value) {
    if (!fits(value.type, row.kind)) {
      report_type(row, value, describe(row.kind));
      return;
    }
    switch (row.kind) {
      case ValueKind::text:
        check_rule(row, value);
        break;
      case ValueKind::boolean:
        break;
      case ValueKind::integer:
        if (value.number < 1) {
          report(value.position, format("'{}' must be 1 or more", row.name), "");
        }
        break;
      case ValueKind::text_or_list:
        check_text_or_list(row, value);
        break;
      case ValueKind::table:
        check_table(value, row.name);
        break;
      case ValueKind::text_map:
      case ValueKind::option_map:
      case ValueKind::table_map:
      case ValueKind::variant_map:
        check_members(row, value);
        break;
      case ValueKind::text_list:
      case ValueKind::table_list:
        check_items(row, value);
        break;
    }
  }

  /// Of a table whose keys are the user's.
  void check_members(const SchemaKey& row, const TomlValue& table) {
    for (const TomlMember& member : table.members) {
      if (row.key_rule != nullptr) {
        if (auto complaint = row.key_rule(member.key)) {
          report(member.position, std::move(complaint->message), std::move(complaint->hint));
        }
      }
      const TomlType type = member.value.type;
      const SchemaKey* const shorthand =
          row.shorthand.empty() ? nullptr : find(row.name, row.shorthand);
      if (row.kind == ValueKind::text_map) {
        type == TomlType::text ? check_rule(row, member.value) : report_member(member, "a string");
      } else if (row.kind == ValueKind::option_map) {
        check_option(row, member);
      } else if (type == TomlType::table) {
        row.kind == ValueKind::variant_map ? check_variant(member.value)
                                           : check_table(member.value, row.name);
      } else if (shorthand != nullptr && fits(type, shorthand->kind)) {
        check_value(*shorthand, member.value);
      } else {
        report_member(member, "a table");
      }
    }
  }

  void check_option(const SchemaKey& row, const TomlMember& member) {
    if (member.value.type == TomlType::text) {
      check_rule(row, member.value);
    } else if (member.value.type != TomlType::boolean) {
      report_member(member, "a string or a boolean");
    }
  }

  /// What it leaves out is in the file around it, so nothing is required; and there is no second
  /// level of variants.
  void check_variant(const TomlValue& table) {
    for (const TomlMember& member : table.members) {
      const SchemaKey* const row = find("", member.key);
      if (row == nullptr || row->kind == ValueKind::variant_map) {
        report_unknown("", member);
      } else {
        check_value(*row, member.value);
      }
    }
  }

  void report_member(const TomlMember& member, std::string_view wanted) {
    report(member.value.position,
           format("'{}' must be {}, not {}", text::sanitize(member.key), wanted,
                  devenv::describe(member.value.type)),
           "");
  }

  void check_text_or_list(const SchemaKey& row, const TomlValue& value) {
    const bool is_text = value.type == TomlType::text;
    const bool is_empty = is_text ? text::trim(value.text).empty() : value.items.empty();
    if (is_empty && row.need == Need::required) {
      report(value.position, format("'{}' is empty", row.name), "");
    } else {
      is_text ? check_rule(row, value) : check_items(row, value);
    }
  }

  void check_items(const SchemaKey& row, const TomlValue& list) {
    const bool tables = row.kind == ValueKind::table_list;
    for (const TomlValue& item : list.items) {
      if (item.type != (tables ? TomlType::table : TomlType::text)) {
        report_type(row, item, describe(row.kind));
      } else if (tables) {
        check_table(item, row.name);
      } else {
        check_rule(row, item);
      }
    }
  }

  void check_rule(const SchemaKey& row, const TomlValue& value) {
    if (row.rule == nullptr) {
      return;
    }
    if (auto complaint = row.rule(value.text)) {
      report(value.position, std::move(complaint->message), std::move(complaint->hint));
    }
  }

  std::span<const SchemaKey> schema_;
  const std::string& file_;
  std::vector<Diagnostic> found_;
};

}  // namespace

std::vector<Diagnostic> check_schema(const TomlValue& root,
                                     std::span<const SchemaKey> schema,
                                     const std::string& file) {
  Checker checker(schema, file);
  checker.check_table(root, "");
  return checker.take();
}

std::string_view type_name(ValueKind kind) {
  const std::string_view described = describe(kind);
  return described.substr(described.find(' ') + 1);
}

std::string table_heading(std::span<const SchemaKey> schema, std::string_view table) {
  for (const SchemaKey& row : schema) {
    if (row.name != table || !row.table.empty()) {
      continue;
    }
    if (row.kind == ValueKind::table_list) {
      return format("[[{}]]", table);
    }
    if (row.kind == ValueKind::table_map) {
      return format("[{}.NAME]", table);
    }
    return format("[{}]", table);
  }
  return "";
}

std::string schema_markdown(std::span<const SchemaKey> schema) {
  std::string table = "| key | type | | meaning |\n|---|---|---|---|\n";
  for (const SchemaKey& key : schema) {
    const std::string heading = table_heading(schema, key.table);
    const std::string name =
        heading.empty() ? format("`{}`", key.name) : format("`{}` `{}`", heading, key.name);
    table += format("| {} | {} | {} | {} |\n", name, type_name(key.kind),
                    key.need == Need::required ? "required" : "optional", key.doc);
  }
  return table;
}

}  // namespace devenv::profiles

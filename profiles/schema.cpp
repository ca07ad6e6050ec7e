// SPDX-License-Identifier: MIT
#include "profiles/schema.hpp"

#include <algorithm>
#include <tuple>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {
namespace {

TomlType expected_type(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return TomlType::text;
    case ValueKind::boolean:
      return TomlType::boolean;
    case ValueKind::text_list:
    case ValueKind::table_list:
      return TomlType::list;
    case ValueKind::table:
      return TomlType::table;
  }
  return TomlType::text;
}

std::string_view describe(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return "a string";
    case ValueKind::boolean:
      return "a boolean";
    case ValueKind::text_list:
      return "an array of strings";
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
           format("'{}' must be {}, not {}", row.name, wanted, profiles::describe(value.type)), "");
  }

  void check_value(const SchemaKey& row, const TomlValue& value) {
    if (value.type != expected_type(row.kind)) {
      report_type(row, value, describe(row.kind));
      return;
    }
    switch (row.kind) {
      case ValueKind::text:
        check_rule(row, value);
        break;
      case ValueKind::boolean:
        break;
      case ValueKind::table:
        check_table(value, row.name);
        break;
      case ValueKind::text_list:
      case ValueKind::table_list:
        check_items(row, value);
        break;
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

/// Without the article.
std::string_view type_name(ValueKind kind) {
  const std::string_view described = describe(kind);
  return described.substr(described.find(' ') + 1);
}

/// The key as people find it in a file: `name`, `[bootstrap]` `distribution`.
std::string full_name(const SchemaKey& key, std::span<const SchemaKey> schema) {
  for (const SchemaKey& table : schema) {
    if (table.name == key.table && table.kind == ValueKind::table_list) {
      return format("`[[{}]]` `{}`", key.table, key.name);
    }
    if (table.name == key.table && table.kind == ValueKind::table) {
      return format("`[{}]` `{}`", key.table, key.name);
    }
  }
  return format("`{}`", key.name);
}

}  // namespace

std::vector<Diagnostic> check_schema(const TomlValue& root,
                                     std::span<const SchemaKey> schema,
                                     const std::string& file) {
  Checker checker(schema, file);
  checker.check_table(root, "");
  return checker.take();
}

std::string schema_markdown(std::span<const SchemaKey> schema) {
  std::string table = "| key | type | | meaning |\n|---|---|---|---|\n";
  for (const SchemaKey& key : schema) {
    table += format("| {} | {} | {} | {} |\n", full_name(key, schema), type_name(key.kind),
                    key.need == Need::required ? "required" : "optional", key.doc);
  }
  return table;
}

}  // namespace devenv::profiles

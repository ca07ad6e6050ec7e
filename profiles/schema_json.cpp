// SPDX-License-Identifier: MIT
// Our tables of keys as JSON Schema, which editors complete and check with.
#include "profiles/schema.hpp"

namespace devenv::profiles {
namespace {

const Json kText = {{"type", "string"}};
const Json kTextList = {{"type", "array"}, {"items", kText}};

class Writer {
 public:
  explicit Writer(std::span<const SchemaKey> schema) : schema_(schema) {}

  /// The object with the keys of `table`. `all_optional`: of a variant, without variants below.
  Json object(std::string_view table, bool is_variant) const {
    Json properties = Json::object();
    Json required = Json::array();
    for (const SchemaKey& row : schema_) {
      if (row.table != table || (is_variant && row.kind == ValueKind::variant_map)) {
        continue;
      }
      Json described = value(row);
      described["description"] = row.doc;
      properties[std::string(row.name)] = std::move(described);
      if (row.need == Need::required && !is_variant) {
        required.push_back(row.name);
      }
    }
    Json described{
        {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) {
      described["required"] = std::move(required);
    }
    return described;
  }

 private:
  Json value(const SchemaKey& row) const {
    const auto map_of = [](Json items) {
      return Json{{"type", "object"}, {"additionalProperties", std::move(items)}};
    };
    switch (row.kind) {
      case ValueKind::text:
        return kText;
      case ValueKind::boolean:
        return Json{{"type", "boolean"}};
      case ValueKind::integer:
        return Json{{"type", "integer"}, {"minimum", 1}};
      case ValueKind::text_list:
        return kTextList;
      case ValueKind::text_or_list:
        return Json{{"anyOf", {kText, kTextList}}};
      case ValueKind::text_map:
        return map_of(kText);
      case ValueKind::option_map:
        return map_of(Json{{"type", {"string", "boolean"}}});
      case ValueKind::table:
        return object(row.name, false);
      case ValueKind::table_list:
        return Json{{"type", "array"}, {"items", object(row.name, false)}};
      case ValueKind::table_map:
        return map_of(row.shorthand.empty()
                          ? object(row.name, false)
                          : Json{{"anyOf", {shorthand(row), object(row.name, false)}}});
      case ValueKind::variant_map:
        return map_of(object("", true));
    }
    return kText;
  }

  Json shorthand(const SchemaKey& map) const {
    for (const SchemaKey& row : schema_) {
      if (row.table == map.name && row.name == map.shorthand) {
        return value(row);
      }
    }
    return kText;
  }

  std::span<const SchemaKey> schema_;
};

}  // namespace

Json schema_json(std::span<const SchemaKey> schema, std::string_view title) {
  Json document = Writer(schema).object("", false);
  document["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  document["title"] = title;
  return document;
}

}  // namespace devenv::profiles

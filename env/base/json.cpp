// SPDX-License-Identifier: MIT
#include "env/base/json.hpp"

#include <algorithm>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::json {
namespace {

Error wrong_type(std::string_view key, std::string_view wanted) {
  return Error(ErrorCode::integrity, format("member '{}' is missing or not {}", key, wanted));
}

/// What the parser says, without its own prefix; the text it quotes may be hostile and of any
/// length.
std::string explanation(const Json::exception& exception) {
  std::string_view what = exception.what();
  if (const std::size_t prefix = what.find("] "); prefix != std::string_view::npos) {
    what.remove_prefix(prefix + 2);
  }
  return text::sanitize(what.substr(0, 200));
}

/// The deepest nesting of brackets outside strings: looked at before anything is built.
int nesting_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1U : 0U;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

/// Looks for keys that an object has twice, and for too many, before anything is built. (The parser
/// could call back while it builds, but searches each array from its beginning then.)
class KeyCheck final : public nlohmann::json_sax<Json> {
 public:
  explicit KeyCheck(const Limits& limits) : limits_(limits) {}

  std::string problem;

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_array(std::size_t /*elements*/) override { return true; }
  bool end_array() override { return true; }
  bool start_object(std::size_t /*elements*/) override {
    keys_.emplace_back();
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    return true;
  }
  bool key(string_t& value) override {
    auto& seen = keys_.back();
    if (!seen.insert(value).second) {
      problem = format("JSON object has member '{}' twice", text::sanitize(value));
    } else if (seen.size() > limits_.max_members) {
      problem = format("JSON object has more than {} members", limits_.max_members);
    }
    return problem.empty();
  }
  /// What is malformed, the parser says.
  bool parse_error(std::size_t /*position*/,
                   const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  const Limits& limits_;
  std::vector<std::set<std::string, std::less<>>> keys_;
};

}  // namespace

Result<Json> parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(ErrorCode::integrity, format("JSON document of {} bytes is larger than the limit "
                                             "of {} bytes",
                                             text.size(), limits.max_bytes));
  }
  if (nesting_depth(text) > limits.max_depth) {
    return fail(ErrorCode::integrity,
                format("JSON document is nested more than {} levels", limits.max_depth));
  }
  try {
    // The parser itself takes the last of two equal keys: two readers of one manifest could then
    // see different contents. Its search for keys is linear, because they keep their order, so
    // their number is bounded as well.
    KeyCheck check(limits);
    if (!Json::sax_parse(text, &check) && !check.problem.empty()) {
      return fail(ErrorCode::integrity, check.problem);
    }
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    return fail(ErrorCode::integrity,
                format("malformed JSON at byte {}: {}", error.byte, explanation(error)));
  } catch (const Json::exception& exception) {
    return fail(ErrorCode::integrity, format("malformed JSON: {}", explanation(exception)));
  }
}

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) {
    return nullptr;
  }
  const auto member = object.find(std::string(key));
  return member == object.end() || member->is_null() ? nullptr : &*member;
}

Result<std::string> get_string(const Json& object, std::string_view key) {
  const Json* member = find(object, key);
  if (member == nullptr || !member->is_string()) {
    return fail(wrong_type(key, "a string"));
  }
  return member->get<std::string>();
}

Result<std::uint64_t> get_uint(const Json& object, std::string_view key) {
  const Json* member = find(object, key);
  // A value that was made here rather than parsed can be positive and yet of the signed kind.
  const bool negative = member != nullptr && member->is_number_integer() &&
                        !member->is_number_unsigned() && member->get<std::int64_t>() < 0;
  if (member == nullptr || !member->is_number_integer() || negative) {
    return fail(wrong_type(key, "a number that is not negative"));
  }
  return member->get<std::uint64_t>();
}

Result<bool> get_bool(const Json& object, std::string_view key) {
  const Json* member = find(object, key);
  if (member == nullptr || !member->is_boolean()) {
    return fail(wrong_type(key, "true or false"));
  }
  return member->get<bool>();
}

Result<const Json*> get_array(const Json& object, std::string_view key) {
  const Json* member = find(object, key);
  if (member == nullptr || !member->is_array()) {
    return fail(wrong_type(key, "an array"));
  }
  return member;
}

Result<const Json*> get_object(const Json& object, std::string_view key) {
  const Json* member = find(object, key);
  if (member == nullptr || !member->is_object()) {
    return fail(wrong_type(key, "an object"));
  }
  return member;
}

Result<std::vector<std::string>> get_strings(const Json& object, std::string_view key) {
  TRY_ASSIGN(const Json* array, get_array(object, key));
  std::vector<std::string> strings;
  for (const Json& element : *array) {
    if (!element.is_string()) {
      return fail(wrong_type(key, "an array of strings"));
    }
    strings.push_back(element.get<std::string>());
  }
  return strings;
}

Result<std::vector<std::string>> strings_or_none(const Json& object, std::string_view key) {
  return find(object, key) == nullptr ? std::vector<std::string>{} : get_strings(object, key);
}

std::string string_or(const Json& object, std::string_view key, std::string_view fallback) {
  const Json* member = find(object, key);
  return member != nullptr && member->is_string() ? member->get<std::string>()
                                                  : std::string(fallback);
}

}  // namespace devenv::json

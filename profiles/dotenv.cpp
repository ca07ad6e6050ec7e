// SPDX-License-Identifier: MIT
#include "profiles/dotenv.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::profiles {
namespace {

bool is_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), is_plain);
}

char escaped(char c) {
  return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

/// What stands after the closing quote; nullopt when there is none.
std::optional<std::string_view> read_quoted(std::string_view text, std::string& value) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      return text.substr(i + 1);
    }
    if (quote == '"' && text[i] == '\\' && i + 1 < text.size()) {
      value += escaped(text[++i]);
    } else {
      value += text[i];
    }
  }
  return std::nullopt;
}

bool is_comment_or_empty(std::string_view text) {
  return text.empty() || text.front() == '#';
}

/// The value, or nullopt for what is none.
std::optional<std::string> read_value(std::string_view text) {
  std::string value;
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    const auto rest = read_quoted(text, value);
    return rest && is_comment_or_empty(text::trim(*rest)) ? std::optional(std::move(value))
                                                          : std::nullopt;
  }
  const std::size_t comment = text.find(" #");
  return std::string(text::trim(text.substr(0, comment)));
}

}  // namespace

Result<std::vector<std::string>> parse_dotenv(std::string_view text, const std::string& file) {
  std::vector<std::string> variables;
  std::size_t number = 0;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  for (const std::string_view raw : text::lines(text)) {
    ++number;
    std::string_view line = text::trim(raw);
    if (is_comment_or_empty(line)) {
      continue;
    }
    if (line.starts_with("export ")) {
      line = text::trim(line.substr(sizeof "export"));
    }
    const std::size_t equals = line.find('=');
    const std::string_view name = text::trim(line.substr(0, equals));
    const auto value = equals == std::string_view::npos || !is_name(name)
                           ? std::nullopt
                           : read_value(text::trim(line.substr(equals + 1)));
    if (!value || value->find('\0') != std::string::npos) {
      return fail(
          Error(ErrorCode::usage, format("{}:{}: not NAME=VALUE", text::sanitize(file), number))
              .with_hint("letters, digits and '_' in the name; a quote that begins must end"));
    }
    variables.push_back(format("{}={}", name, *value));
  }
  return variables;
}

}  // namespace devenv::profiles

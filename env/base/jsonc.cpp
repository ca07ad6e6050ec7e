// SPDX-License-Identifier: MIT
#include "env/base/jsonc.hpp"

#include <algorithm>

namespace devenv::json {
namespace {

void blank(std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < std::min(end, text.size()); ++at) {
    if (text[at] != '\n') {
      text[at] = ' ';
    }
  }
}

/// Past the closing quote of the string that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    at += text[at] == '\\' ? 1U : 0U;
  }
  return at + 1;
}

/// Past the comment that begins at `at`; `at` itself when none does.
std::size_t end_of_comment(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) {
    return std::min(text.find('\n', at), text.size());
  }
  if (rest.starts_with("/*")) {
    const std::size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? at : end + 2;
  }
  return at;
}

}  // namespace

std::string without_comments(std::string_view text) {
  std::string plain(text);
  std::size_t comma = std::string::npos;  // behind a value, with only white space since
  char before = '[';                      // the last one that is no white space
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (const std::size_t end = end_of_comment(text, at); end != at) {
      blank(plain, at, end);
      at = end;
      continue;
    }
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if ((c == '}' || c == ']') && comma != std::string::npos) {
      plain[comma] = ' ';
    }
    if (!is_space) {
      const bool is_behind_value = std::string_view("[{,:").find(before) == std::string_view::npos;
      comma = c == ',' && is_behind_value ? at : std::string::npos;
      before = c;
    }
    at = c == '"' ? end_of_string(text, at) : at + 1;
  }
  return plain;
}

}  // namespace devenv::json

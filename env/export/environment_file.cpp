// SPDX-License-Identifier: MIT
#include "env/export/environment_file.hpp"

#include <algorithm>

#include "env/base/text.hpp"
#include "env/export/unit_file.hpp"

namespace devenv::exporting {
namespace {

constexpr std::string_view kSpace = " \t\n\r";

/// The part of a file of variables after '=': see parse_environment_file.
class ValueReader {
 public:
  explicit ValueReader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  /// To the end of its line, which quotes and backslashes can be about.
  std::string read() {
    skip_blanks();
    while (at_ < text_.size() && text_[at_] != '\n') {
      const char c = text_[at_++];
      if (c == '\'' || c == '"') {
        read_quoted(c);
      } else if (c == '\\' && at_ < text_.size()) {
        const char next = text_[at_++];
        add(next == '\n' ? "" : std::string(1, next));
      } else {
        value_ += c;
        kept_ = c == ' ' || c == '\t' || c == '\r' ? kept_ : value_.size();
      }
    }
    value_.resize(kept_);
    return value_;
  }
  std::size_t end() const { return at_; }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  void add(std::string_view text) {
    value_ += text;
    kept_ = value_.size();
  }
  /// In double quotes a backslash takes the meaning from a few characters, in single ones from
  /// none, as in a shell.
  void read_quoted(char quote) {
    while (at_ < text_.size() && text_[at_] != quote) {
      const char c = text_[at_++];
      if (quote == '"' && c == '\\' && at_ < text_.size()) {
        const char next = text_[at_++];
        if (next != '\n') {
          const bool is_special = std::string_view("\"\\`$").find(next) != std::string_view::npos;
          add(is_special ? std::string(1, next) : std::string{c, next});
        }
      } else {
        add(std::string(1, c));
      }
    }
    at_ += at_ < text_.size() ? 1U : 0U;
  }

  std::string_view text_;
  std::size_t at_;
  std::string value_;
  std::size_t kept_ = 0;  ///< length without blanks at the end that are not quoted
};

/// The end of a comment, which a backslash carries on to the next line.
std::size_t end_of_comment(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '\n') {
    at += text[at] == '\\' && at + 1 < text.size() ? 2U : 1U;
  }
  return at;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_environment_file(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> variables;
  std::size_t at = 0;
  while (at < text.size()) {
    at = text.find_first_not_of(kSpace, at);
    if (at == std::string_view::npos) {
      break;
    }
    if (text[at] == '#' || text[at] == ';') {
      at = end_of_comment(text, at);
      continue;
    }
    const std::size_t stop = std::min(text.find_first_of("=\n", at), text.size());
    if (stop == text.size() || text[stop] == '\n') {
      at = stop;
      continue;
    }
    const std::string name(text::trim(text.substr(at, stop - at)));
    ValueReader reader(text, stop + 1);
    std::string value = reader.read();
    at = reader.end();
    if (is_variable_name(name)) {
      variables.emplace_back(name, std::move(value));
    }
  }
  return variables;
}

}  // namespace devenv::exporting

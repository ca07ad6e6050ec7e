// SPDX-License-Identifier: MIT
#include "env/export/exec_line.hpp"

namespace devenv::exporting {
namespace {

constexpr std::string_view kSeparators = " \t\n";
/// "Reserved characters": an argument with one of them has to be quoted.
constexpr std::string_view kReserved = " \t\n\r\"'\\><~|&;$*?#()`";
/// In double quotes, these have to be escaped.
constexpr std::string_view kEscaped = "\"`$\\";

bool contains(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

/// Takes one quoted stretch off the front of `rest` (which begins with the quote).
Result<std::string> take_quoted(std::string_view& rest) {
  const char quote = rest.front();
  std::string text;
  for (std::size_t index = 1; index < rest.size(); ++index) {
    char c = rest[index];
    if (c == quote) {
      rest.remove_prefix(index + 1);
      return text;
    }
    if (quote == '"' && c == '\\' && index + 1 < rest.size() &&
        contains(kEscaped, rest[index + 1])) {
      c = rest[++index];
    }
    text += c;
  }
  return fail(ErrorCode::failed, "a quote in Exec does not end");
}

/// Takes one argument off the front of `rest`, which begins with it.
Result<std::string> take_argument(std::string_view& rest) {
  std::string argument;
  while (!rest.empty() && !contains(kSeparators, rest.front())) {
    if (rest.front() == '"' || rest.front() == '\'') {
      TRY_ASSIGN(const std::string quoted, take_quoted(rest));
      argument += quoted;
      continue;
    }
    if (rest.front() == '\\' && rest.size() > 1) {
      rest.remove_prefix(1);
    }
    argument += rest.front();
    rest.remove_prefix(1);
  }
  return argument;
}

}  // namespace

Result<std::vector<std::string>> parse_exec(std::string_view value) {
  std::vector<std::string> arguments;
  for (;;) {
    const std::size_t start = value.find_first_not_of(kSeparators);
    if (start == std::string_view::npos) {
      break;
    }
    value.remove_prefix(start);
    TRY_ASSIGN(std::string argument, take_argument(value));
    arguments.push_back(std::move(argument));
  }
  if (arguments.empty()) {
    return fail(ErrorCode::failed, "there is no program in Exec");
  }
  return arguments;
}

std::string format_exec(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) {
    if (&argument != &arguments.front()) {
      line += ' ';
    }
    if (!argument.empty() && argument.find_first_of(kReserved) == std::string::npos) {
      line += argument;
      continue;
    }
    line += '"';
    for (const char c : argument) {
      if (contains(kEscaped, c)) {
        line += '\\';
      }
      line += c;
    }
    line += '"';
  }
  return line;
}

std::string literal_argument(std::string_view text) {
  std::string argument;
  for (const char c : text) {
    argument += c;
    if (c == '%') {
      argument += c;
    }
  }
  return argument;
}

bool is_file_code(std::string_view argument) {
  return argument == "%f" || argument == "%F" || argument == "%u" || argument == "%U";
}

std::string replace_codes(std::string_view argument, const CodeValue& value) {
  std::string replaced;
  for (std::size_t index = 0; index < argument.size(); ++index) {
    if (argument[index] != '%' || index + 1 == argument.size()) {
      replaced += argument[index];
      continue;
    }
    const char code = argument[++index];
    const auto instead = code == '%' ? std::nullopt : value(code);
    replaced += instead ? *instead : std::string{'%', code};
  }
  return replaced;
}

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
#include "env/export/unit_file.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::exporting {
namespace {

constexpr std::string_view kSpace = " \t\n\r";

bool is_comment(std::string_view line) {
  return line.starts_with('#') || line.starts_with(';');
}

bool is_key(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// A backslash at the end that no other one stands in front of.
bool goes_on(std::string_view line) {
  bool escaped = false;
  for (const char c : line) {
    escaped = !escaped && c == '\\';
  }
  return escaped;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The byte of "\x41" at `at`, which is that of the 'x'.
std::optional<char> hex_escape(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size() || text[at] != 'x') {
    return std::nullopt;
  }
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? std::nullopt : std::optional(static_cast<char>(high * 16 + low));
}

/// For systemd, a carriage return ends a line as well, and so does a zero: what is one value here
/// must not be two lines there.
std::vector<std::string_view> unit_lines(std::string_view text) {
  constexpr std::string_view kEnds("\n\r\0", 3);
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(kEnds), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
    if (text.starts_with("\r\n")) {
      text.remove_prefix(1);
    }
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  return lines;
}

/// UTF-8.
void append_code_point(std::string& text, unsigned code) {
  constexpr unsigned kSix = 6;
  constexpr unsigned kLowBits = 0x3F;
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const unsigned followers = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kMarks[] = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kMarks[followers] | (code >> (kSix * followers)));
  for (unsigned left = followers; left > 0; --left) {
    text += static_cast<char>(0x80 | ((code >> (kSix * (left - 1))) & kLowBits));
  }
}

/// "\x41", "\101", "\u20ac", "\U0001f600": what comes after the backslash at `at`, which moves to
/// its last character.
bool append_number(std::string& content, std::string_view word, std::size_t& at) {
  struct Form {
    char letter;
    std::size_t digits;
    int base;
  };
  constexpr Form kForms[] = {{'x', 2, 16}, {'u', 4, 16}, {'U', 8, 16}, {'\0', 3, 8}};
  for (const Form& form : kForms) {
    const std::size_t begin = at + (form.letter == '\0' ? 0 : 1);
    if ((form.letter != '\0' && word[at] != form.letter) || begin + form.digits > word.size()) {
      continue;
    }
    unsigned code = 0;
    const auto digits = word.substr(begin, form.digits);
    const bool fits = std::all_of(digits.begin(), digits.end(), [&](char c) {
      const int digit = hex_digit(c);
      code = code * static_cast<unsigned>(form.base) + static_cast<unsigned>(std::max(digit, 0));
      return digit >= 0 && digit < form.base;
    });
    constexpr unsigned kLargest = 0x10FFFF;
    if (!fits || code > kLargest) {
      continue;
    }
    if (form.letter == 'u' || form.letter == 'U') {
      append_code_point(content, code);
    } else {
      content += static_cast<char>(code);
    }
    at = begin + form.digits - 1;
    return true;
  }
  return false;
}

}  // namespace

std::vector<Assignment> parse_unit(std::string_view text) {
  std::vector<Assignment> found;
  std::string section;
  std::string pending;
  const auto take = [&](std::string_view line) {
    line = text::trim(line);
    if (line.starts_with('[')) {
      section = line.ends_with(']') ? std::string(line.substr(1, line.size() - 2)) : "";
      return;
    }
    const std::size_t equals = line.find('=');
    const std::string_view key = text::trim(line.substr(0, equals));
    if (!section.empty() && equals != std::string_view::npos && is_key(key)) {
      found.push_back(
          {section, std::string(key), std::string(text::trim(line.substr(equals + 1)))});
    }
  };
  for (std::string_view line : unit_lines(text)) {
    const std::size_t begin = line.find_first_not_of(kSpace);
    line = begin == std::string_view::npos ? "" : line.substr(begin);
    // Also between lines that belong together; an empty line ends them.
    if (is_comment(line)) {
      continue;
    }
    pending += line;
    if (goes_on(pending)) {
      pending.back() = ' ';
      continue;
    }
    take(pending);
    pending.clear();
  }
  take(pending);
  return found;
}

std::vector<std::string> split_words(std::string_view value) {
  std::vector<std::string> words;
  std::string word;
  char quote = '\0';
  for (std::size_t at = 0; at < value.size(); ++at) {
    const char c = value[at];
    if (quote == '\0' && kSpace.find(c) != std::string_view::npos) {
      if (!word.empty()) {
        words.push_back(std::move(word));
        word.clear();
      }
      continue;
    }
    word += c;
    if (c == '\\' && at + 1 < value.size()) {
      word += value[++at];
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    }
  }
  if (!word.empty()) {
    words.push_back(std::move(word));
  }
  return words;
}

std::string unquote_word(std::string_view word) {
  constexpr std::string_view kLetters = "abfnrtvs";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v ";
  std::string content;
  char quote = '\0';
  for (std::size_t at = 0; at < word.size(); ++at) {
    const char c = word[at];
    if (c == '\\' && at + 1 < word.size()) {
      const char next = word[++at];
      const std::size_t letter = kLetters.find(next);
      if (!append_number(content, word, at)) {
        content += letter == std::string_view::npos ? next : kMeanings[letter];
      }
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else {
      content += c;
    }
  }
  return content;
}

std::string quote_word(std::string_view content, Dollars dollars) {
  constexpr auto kFirstPrintable = static_cast<unsigned char>(' ');
  std::string word = "\"";
  for (const char c : content) {
    if (static_cast<unsigned char>(c) < kFirstPrintable) {
      // No argument and no variable can have a zero in it.
      word += c == '\0' ? "" : format("\\x{:02x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') {
      word += '\\';
    } else if (c == '$' && dollars == Dollars::doubled) {
      word += '$';
    }
    word += c;
  }
  return word + "\"";
}

std::string plain_word(std::string_view content) {
  const bool is_plain = std::all_of(content.begin(), content.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:@%+=,${}").find(c) != std::string_view::npos;
  });
  return is_plain && !content.empty() ? std::string(content) : quote_word(content, Dollars::plain);
}

std::string without_specifiers(std::string_view text) {
  std::string doubled;
  for (const char c : text) {
    doubled += c == '%' ? "%%" : std::string(1, c);
  }
  return doubled;
}

std::string replace_specifiers(std::string_view text, const SpecifierValue& value) {
  std::string replaced;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_specifier = text[at] == '%' && at + 1 < text.size();
    const auto known =
        is_specifier && text[at + 1] != '%' ? value(text[at + 1]) : std::optional<std::string>();
    if (known) {
      replaced += *known;
    } else {
      replaced += text.substr(at, is_specifier ? 2 : 1);
    }
    at += is_specifier ? 1 : 0;
  }
  return replaced;
}

UnitName UnitName::parse(std::string_view name) {
  UnitName parts;
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    parts.type = name.substr(dot + 1);
    name = name.substr(0, dot);
  }
  const std::size_t at = name.find('@');
  parts.prefix = name.substr(0, at);
  if (at != std::string_view::npos) {
    parts.instance = std::string(name.substr(at + 1));
  }
  return parts;
}

std::string UnitName::string() const {
  return prefix + (instance ? "@" + *instance : "") + (type.empty() ? "" : "." + type);
}

std::optional<std::string> UnitName::template_name() const {
  return instance ? std::optional(UnitName{prefix, "", type}.string()) : std::nullopt;
}

std::string unescape_unit_name(std::string_view name) {
  std::string text;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const auto byte = name[at] == '\\' ? hex_escape(name, at + 1) : std::nullopt;
    if (byte) {
      text += *byte;
      at += 3;
    } else {
      text += name[at] == '-' ? '/' : name[at];
    }
  }
  return text;
}

bool is_variable_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), fits);
}

bool is_unit_name(std::string_view name) {
  constexpr std::size_t kLongest = 255;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":-_.\\@").find(c) != std::string_view::npos;
  };
  const UnitName parts = UnitName::parse(name);
  return name.size() <= kLongest && !parts.prefix.empty() && !parts.type.empty() &&
         std::all_of(name.begin(), name.end(), fits);
}

}  // namespace devenv::exporting

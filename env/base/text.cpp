// SPDX-License-Identifier: MIT
#include "env/base/text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>

namespace devenv::text {
namespace {

constexpr std::string_view kSpace = " \t\r\n\v\f";

bool is_control(unsigned char byte) {
  return byte < 0x20 || byte == 0x7f;
}

/// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none.
/// C1 control characters (U+0080..U+009F) count as malformed: terminals act on them.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4 || text.size() < length) {
    return 0;
  }
  for (std::size_t index = 1; index < length; ++index) {
    if ((byte(index) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool too_large = first == 0xf4 && byte(1) >= 0x90;
  const bool c1_control = first == 0xc2 && byte(1) < 0xa0;
  return overlong || surrogate || too_large || c1_control ? 0 : length;
}

/// Insertions, deletions, replacements, and exchanges of neighbours (the commonest typing error).
/// Source: "optimal string alignment distance".
std::size_t edit_distance(std::string_view a, std::string_view b) {
  using Row = std::vector<std::size_t>;
  Row before_last(b.size() + 1);
  Row last(b.size() + 1);
  Row row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({row[j - 1] + 1, last[j] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  for (std::size_t end = text.find(separator); end != std::string_view::npos;
       end = text.find(separator, start)) {
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::vector<std::string_view> lines(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  std::vector<std::string_view> parts = split(text, '\n');
  if (parts.back().empty()) {
    parts.pop_back();
  }
  return parts;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  });
  return lower;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed_to, failure] = std::from_chars(text.data(), end, value);
  if (text.empty() || failure != std::errc{} || parsed_to != end) {
    return std::nullopt;
  }
  return value;
}

bool fits(std::string_view text, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) {
    return text == pattern;
  }
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  return text.size() >= before.size() + after.size() && text.starts_with(before) &&
         text.ends_with(after);
}

std::string shell_quote(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  // "NAME=value" as the first word would be an assignment, not a command.
  const std::size_t equals = word.find('=');
  const bool assignment = equals != std::string_view::npos && word[0] != '-' && word[0] != '/';
  if (!word.empty() && !assignment && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

namespace {

/// Characters that are not seen, or turn around what is written after them (Unicode, general
/// categories Cf, Zl and Zp, of scripts that are written today): as UTF-8.
bool is_invisible(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (at(0) == 0xc2) {  // U+00AD
    return at(1) == 0xad;
  }
  if (at(0) == 0xd8 || at(0) == 0xdb ||
      at(0) == 0xdc) {  // U+0600 to U+0605, U+061C, U+06DD, U+070F
    return (at(0) == 0xd8 && ((at(1) >= 0x80 && at(1) <= 0x85) || at(1) == 0x9c)) ||
           (at(0) == 0xdb && at(1) == 0x9d) || (at(0) == 0xdc && at(1) == 0x8f);
  }
  if (at(0) == 0xe1) {  // U+180E
    return at(1) == 0xa0 && at(2) == 0x8e;
  }
  if (at(0) == 0xe2) {  // U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F
    return (at(1) == 0x80 &&
            ((at(2) >= 0x8b && at(2) <= 0x8f) || (at(2) >= 0xa8 && at(2) <= 0xae))) ||
           (at(1) == 0x81 && at(2) >= 0xa0 && at(2) <= 0xaf);
  }
  return (at(0) == 0xef && at(1) == 0xbb && at(2) == 0xbf) ||                   // U+FEFF
         (at(0) == 0xef && at(1) == 0xbf && at(2) >= 0xb9 && at(2) <= 0xbb) ||  // U+FFF9 to U+FFFB
         (at(0) == 0xf3 && at(1) == 0xa0 &&
          (at(2) == 0x80 || at(2) == 0x81));  // U+E0000 to U+E007F
}

}  // namespace

std::string sanitize(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const std::size_t length = is_control(byte) || is_invisible(text) ? 0 : utf8_length(text);
    if (length == 0) {
      safe += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xfU]};
      text.remove_prefix(1);
    } else {
      safe += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return safe;
}

std::optional<std::string> closest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  const std::size_t limit = std::min<std::size_t>(3, std::max<std::size_t>(1, word.size() / 3));
  std::optional<std::string> best;
  std::size_t best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string percent_decode(std::string_view text) {
  const auto digit = [](char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    return kDigits.find(lower);
  };
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool has_digits = text[at] == '%' && at + 2 < text.size();
    const std::size_t high = has_digits ? digit(text[at + 1]) : std::string_view::npos;
    const std::size_t low = has_digits ? digit(text[at + 2]) : std::string_view::npos;
    if (high == std::string_view::npos || low == std::string_view::npos) {
      decoded += text[at];
      continue;
    }
    decoded += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return decoded;
}

std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char c : bytes) {
    sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return sum;
}

}  // namespace devenv::text

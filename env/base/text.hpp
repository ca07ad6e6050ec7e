// SPDX-License-Identifier: MIT
// Small pure functions on strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::text {

/// Splits at every `separator`; "a::b" gives three parts, "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The lines of `text` without their '\n'. No empty last line for a trailing newline.
std::vector<std::string_view> lines(std::string_view text);

/// Without ASCII white space at both ends.
std::string_view trim(std::string_view text);

/// What stands behind the last '/': "rg" of "/usr/bin/rg". All of it when there is none.
std::string_view base_name(std::string_view path);

std::string to_lower(std::string_view text);

/// A decimal number that fills the whole text: no sign, no space, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Whether `text` is what `pattern` stands for: a '*', of which there may be one, is any text.
bool fits(std::string_view text, std::string_view pattern);

/// Quoted for a POSIX shell so that it is one word with exactly these bytes.
std::string shell_quote(std::string_view word);

/// "%20" becomes a space and so on; a '%' without two hexadecimal digits stays (RFC 3986, 2.1).
std::string percent_decode(std::string_view text);

/// FNV-1a, 64 bits: tells texts apart that nobody tries to make alike.
std::uint64_t fnv1a(std::string_view bytes);

/// Whether all of it is well-formed UTF-8.
bool is_utf8(std::string_view text);

/// Safe for a terminal: control characters and malformed UTF-8 become \xNN.
std::string sanitize(std::string_view text);

/// "did you mean": the candidate with the smallest edit distance (two neighbours exchanged are one
/// edit), if it is close enough to be a typing error: at most a third of the length, and at most 3.
std::optional<std::string> closest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace devenv::text

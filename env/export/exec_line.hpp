// SPDX-License-Identifier: MIT
// The value of Exec: arguments, quoted, with field codes.
// Source: Desktop Entry Specification 1.5, "The Exec key".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::exporting {

/// The arguments, with quotes and their escapes undone. Field codes are left in them, and a '%'
/// that is text is "%%": launchers put values in before they take the quotes off, so a code means
/// the same within quotes and without (where the specification leaves it undefined).
///
/// `value` is a string value with its escapes already undone (DesktopEntry::string): the second of
/// the two layers. Lenient as launchers are, which read it as a shell does: single quotes quote, a
/// backslash outside of quotes quotes one character, an argument may be quoted in part.
/// Errors: failed for a quote that does not end, for nothing at all.
Result<std::vector<std::string>> parse_exec(std::string_view value);

/// The other way round; not yet escaped as a string. Arguments are quoted where they have to be, as
/// the specification wants it: parse_exec gives them back.
std::string format_exec(const std::vector<std::string>& arguments);

/// An argument that is `text`, whatever is in it: '%' doubled.
std::string literal_argument(std::string_view text);

/// "%f", "%F", "%u" or "%U": the argument is what the user opens.
bool is_file_code(std::string_view argument);

/// What takes the place of the field code %`code`; nullopt leaves it as it is.
using CodeValue = std::function<std::optional<std::string>(char code)>;
/// `argument` with field codes replaced. "%%" is none of them.
std::string replace_codes(std::string_view argument, const CodeValue& value);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// Files with NAME=VALUE lines. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::profiles {

/// "NAME=value" for each line: `NAME=VALUE`, with `export` before it or not; '...' is taken as it
/// is, in "..." \n, \t, \" and \\ mean what they mean in C; without quotes the value ends before
/// " #". Empty lines and lines that begin with '#' are comments. Nothing is expanded: a '$' is a
/// '$'. Errors: usage, with the line.
Result<std::vector<std::string>> parse_dotenv(std::string_view text, const std::string& file);

}  // namespace devenv::profiles

// SPDX-License-Identifier: MIT
// Text from values: fmt, because g++ 12 has no <format>.
//
// Only fmt's light header is seen by the program; the formatting itself is compiled once, in
// format.cpp, so no shared library is needed and compiling stays quick.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace devenv {

/// fmt::vformat, compiled into this program.
std::string format_values(fmt::string_view pattern, fmt::format_args arguments);

/// format("{} of {}", 1, 2) is "1 of 2". The pattern is checked when compiling.
template <typename... Values>
std::string format(fmt::format_string<Values...> pattern, Values&&... values) {
  return format_values(pattern, fmt::make_format_args(values...));
}

/// The parts with `separator` between them.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace devenv

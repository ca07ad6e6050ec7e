// SPDX-License-Identifier: MIT
// Points of time as HTTP writes them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace devenv::image::registry {

/// "Sun, 06 Nov 1994 08:49:37 GMT", and the two older forms that may still come: "Sunday,
/// 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". nullopt for anything else.
/// Source: RFC 9110, 5.6.7.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace devenv::image::registry

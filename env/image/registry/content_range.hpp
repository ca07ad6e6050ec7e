// SPDX-License-Identifier: MIT
// Content-Range: which part of a blob an answer holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace devenv::image::registry {

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;              ///< inclusive
  std::optional<std::uint64_t> total;  ///< "*" is unknown
  bool operator==(const ContentRange&) const = default;
};

/// "bytes 0-99/1000"; nullopt for anything else. Source: RFC 9110, 14.4.
std::optional<ContentRange> parse_content_range(std::string_view header);

}  // namespace devenv::image::registry

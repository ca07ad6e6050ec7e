// SPDX-License-Identifier: MIT
// Sizes in bytes, as people write and read them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "env/base/result.hpp"

namespace devenv {

struct ByteSize {
  std::uint64_t bytes = 0;

  /// "512", "512k", "64M", "1.5G", "2T" with an optional "iB" or "B"; powers of 1024.
  /// Errors: usage.
  static Result<ByteSize> parse(std::string_view text);

  /// "0 B", "1.5 GiB": at most one decimal.
  std::string to_string() const;

  auto operator<=>(const ByteSize&) const = default;
};

}  // namespace devenv

// SPDX-License-Identifier: MIT
#include "env/base/byte_size.hpp"

#include <array>
#include <limits>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv {
namespace {
constexpr std::string_view kUnits = "kmgtp";
}  // namespace

Result<ByteSize> ByteSize::parse(std::string_view text) {
  const auto malformed = [&] {
    return fail(Error(ErrorCode::usage, format("'{}' is not a size", text::sanitize(text)))
                    .with_hint("write it like 512M or 1.5G"));
  };
  const std::string lower = text::to_lower(text::trim(text));
  const std::size_t number_end = lower.find_first_not_of("0123456789.");
  const std::string_view number = std::string_view(lower).substr(0, number_end);
  std::string_view unit = number_end == std::string::npos
                              ? std::string_view{}
                              : text::trim(std::string_view(lower).substr(number_end));
  std::uint64_t scale = 1;
  if (!unit.empty() && kUnits.find(unit[0]) != std::string_view::npos) {
    scale = std::uint64_t{1} << (10 * (kUnits.find(unit[0]) + 1));
    unit.remove_prefix(1);
    if (unit.starts_with('i')) {
      unit.remove_prefix(1);
    }
  }
  if (!unit.empty() && unit != "b") {
    return malformed();
  }
  const std::size_t point = number.find('.');
  const auto whole = text::parse_number(number.substr(0, point));
  if (!whole || *whole > std::numeric_limits<std::uint64_t>::max() / scale) {
    return malformed();
  }
  std::uint64_t bytes = *whole * scale;
  if (point != std::string_view::npos) {
    const std::string_view digits = number.substr(point + 1);
    const auto fraction = text::parse_number(digits);
    if (!fraction || digits.size() > 6 || scale == 1) {
      return malformed();
    }
    double part = static_cast<double>(*fraction);
    for (std::size_t i = 0; i < digits.size(); ++i) {
      part /= 10;
    }
    bytes += static_cast<std::uint64_t>(part * static_cast<double>(scale));
  }
  return ByteSize{bytes};
}

std::string ByteSize::to_string() const {
  constexpr std::array<std::string_view, 6> kNames = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kNames.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? format("{} B", bytes) : format("{:.1f} {}", value, kNames[unit]);
}

}  // namespace devenv

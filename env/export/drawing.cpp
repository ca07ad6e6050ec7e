// SPDX-License-Identifier: MIT
#include "env/export/drawing.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::exporting {
namespace {

struct Color {
  unsigned red = 0xdd;
  unsigned green = 0x98;
  unsigned blue = 0x38;
};

/// Those of SGR 30 to 37, muted as befits an icon.
constexpr std::array<Color, 8> kPalette = {{{0x4a, 0x4a, 0x4a},
                                            {0xc8, 0x3a, 0x3a},
                                            {0x4c, 0x9a, 0x52},
                                            {0xd9, 0xa4, 0x41},
                                            {0x3f, 0x6f, 0xb5},
                                            {0x9a, 0x4f, 0xa0},
                                            {0x2f, 0x9a, 0xa8},
                                            {0xb4, 0xb9, 0xc2}}};

/// SGR parameters (ECMA-48, 8.3.117; ISO 8613-6 for 38;2).
Color color_of(std::string_view parameters) {
  constexpr std::uint64_t kFirst = 30;
  constexpr std::uint64_t kExtended = 38;
  constexpr std::uint64_t kLargest = 255;
  std::vector<std::uint64_t> numbers;
  for (const std::string_view part : text::split(parameters, ';')) {
    numbers.push_back(text::parse_number(part).value_or(kLargest + 1));
  }
  for (std::size_t at = 0; at < numbers.size(); ++at) {
    if (numbers[at] == kExtended) {
      const bool is_rgb = at + 4 < numbers.size() && numbers[at + 1] == 2 &&
                          std::all_of(numbers.begin() + static_cast<std::ptrdiff_t>(at) + 2,
                                      numbers.begin() + static_cast<std::ptrdiff_t>(at) + 5,
                                      [](std::uint64_t value) { return value <= kLargest; });
      return is_rgb ? Color{static_cast<unsigned>(numbers[at + 2]),
                            static_cast<unsigned>(numbers[at + 3]),
                            static_cast<unsigned>(numbers[at + 4])}
                    : Color{};
    }
    if (numbers[at] >= kFirst && numbers[at] < kFirst + kPalette.size()) {
      return kPalette.at(numbers[at] - kFirst);
    }
  }
  return {};
}

/// `percent` below 100 is darker, above it lighter: 200 is white.
std::string shade(const Color& color, unsigned percent) {
  constexpr unsigned kWhite = 255;
  const auto channel = [&](unsigned value) {
    return percent <= 100 ? value * percent / 100
                          : value + (kWhite - value) * (percent - 100) / 100;
  };
  return format("#{:02x}{:02x}{:02x}", channel(color.red), channel(color.green),
                channel(color.blue));
}

bool is_shown(char letter) {
  return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}

}  // namespace

std::string draw_box(std::string_view color, char letter) {
  const Color base = color_of(color);
  if (letter >= 'a' && letter <= 'z') {
    letter = static_cast<char>(letter - 'a' + 'A');
  }
  std::string svg = format(
      R"svg(<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128" viewBox="0 0 128 128">
  <!-- inside of the box -->
  <path d="M16 60 64 44 112 60 64 78Z" fill="{0}"/>
  <!-- the terminal, half way out -->
  <rect x="30" y="12" width="68" height="76" rx="7" fill="#2b3548" stroke="#161d2a" stroke-width="3"/>
  <path d="M30 24V19a7 7 0 0 1 7-7h54a7 7 0 0 1 7 7v5Z" fill="#7f93b3"/>
  <g fill="#f4f6fa">
    <circle cx="40" cy="18.5" r="2.5"/>
    <circle cx="48" cy="18.5" r="2.5"/>
    <circle cx="56" cy="18.5" r="2.5"/>
  </g>
  <path d="M42 35 53 44 42 53" fill="none" stroke="#7ee0a1" stroke-width="6" stroke-linecap="round" stroke-linejoin="round"/>
  <path d="M61 54H78" stroke="#f4f6fa" stroke-width="6" stroke-linecap="round"/>
  <!-- the two sides that are seen, and their flaps -->
  <path d="M16 60 64 78V120L16 102Z" fill="{2}"/>
  <path d="M112 60 64 78V120L112 102Z" fill="{1}"/>
  <path d="M16 60 64 78 52 92 5 74Z" fill="{4}"/>
  <path d="M112 60 64 78 76 92 123 74Z" fill="{3}"/>
)svg",
      shade(base, 45), shade(base, 75), shade(base, 90), shade(base, 115), shade(base, 140));
  if (is_shown(letter)) {
    svg += format(
        "  <text transform=\"matrix(1 .375 0 1 40 99)\" text-anchor=\"middle\" fill=\"#fff\" "
        "font-family=\"sans-serif\" font-weight=\"bold\" font-size=\"28\">{}</text>\n",
        letter);
  }
  return svg + "</svg>\n";
}

}  // namespace devenv::exporting

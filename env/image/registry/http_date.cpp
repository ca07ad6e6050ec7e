// SPDX-License-Identifier: MIT
#include "env/image/registry/http_date.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "env/base/text.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<unsigned> number(std::string_view text, std::size_t digits, unsigned maximum) {
  const auto value = text.size() == digits ? text::parse_number(text) : std::nullopt;
  return value && *value <= maximum ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
}

/// "08:49:37"; 60 is a leap second.
std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
  const auto parts = text::split(text, ':');
  if (parts.size() != 3) {
    return std::nullopt;
  }
  const auto hour = number(parts[0], 2, 23);
  const auto minute = number(parts[1], 2, 59);
  const auto second = number(parts[2], 2, 60);
  if (!hour || !minute || !second) {
    return std::nullopt;
  }
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

std::optional<std::chrono::sys_seconds> join_parts(std::string_view day,
                                                   std::string_view month,
                                                   std::string_view year,
                                                   std::string_view time) {
  const auto name = std::find(kMonths.begin(), kMonths.end(), month);
  const auto days = number(day, day.size() == 1 ? 1 : 2, 31);
  auto years = number(year, year.size() == 2 ? 2 : 4, 9999);
  const auto seconds = time_of_day(time);
  if (name == kMonths.end() || !days || !years || !seconds) {
    return std::nullopt;
  }
  if (year.size() == 2) {
    // Nobody has written this form for long; what they write is near.
    *years += 2000;
  }
  const std::chrono::year_month_day date{
      std::chrono::year(static_cast<int>(*years)),
      std::chrono::month(static_cast<unsigned>(name - kMonths.begin()) + 1),
      std::chrono::day(*days)};
  return date.ok() ? std::optional(std::chrono::sys_days(date) + *seconds) : std::nullopt;
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  std::vector<std::string_view> words;
  for (const std::string_view word : text::split(text, ' ')) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  if (words.size() == 6 && words[0].ends_with(',') && words[5] == "GMT") {
    return join_parts(words[1], words[2], words[3], words[4]);
  }
  if (words.size() == 4 && words[0].ends_with(',') && words[3] == "GMT") {
    const auto date = text::split(words[1], '-');
    return date.size() == 3 ? join_parts(date[0], date[1], date[2], words[2]) : std::nullopt;
  }
  if (words.size() == 5) {
    return join_parts(words[2], words[1], words[4], words[3]);
  }
  return std::nullopt;
}

}  // namespace devenv::image::registry

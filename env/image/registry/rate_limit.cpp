// SPDX-License-Identifier: MIT
#include "env/image/registry/rate_limit.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/http_date.hpp"

namespace devenv::image::registry {
namespace {

using std::chrono::seconds;

constexpr seconds kLongestBelieved = std::chrono::hours(24 * 7);
constexpr std::size_t kMaxQuotedBytes = 40;

std::optional<seconds> believable(std::int64_t count) {
  if (count > kLongestBelieved.count()) {
    return std::nullopt;
  }
  return seconds(std::max<std::int64_t>(count, 0));
}

std::optional<std::int64_t> number(const std::string& text) {
  const auto value = text::parse_number(text);
  constexpr std::uint64_t kMax = std::uint64_t{1} << 40;
  return value && *value < kMax ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
}

/// "100" of "100;w=21600".
std::string before_parameters(const std::string& header) {
  return text::sanitize(header.substr(0, header.find(';')).substr(0, kMaxQuotedBytes));
}

/// 21600 of "100;w=21600".
std::optional<seconds> window_of(const std::string& header) {
  const std::size_t at = header.find(";w=");
  const auto value = at == std::string::npos ? std::nullopt : number(header.substr(at + 3));
  return value ? believable(*value) : std::nullopt;
}

std::string counted(std::int64_t count, const char* unit) {
  return format("{} {}{}", count, unit, count == 1 ? "" : "s");
}

}  // namespace

bool is_rate_limited(const HttpResponse& response, std::string_view body) {
  if (response.status == 429) {
    return true;
  }
  const auto json = response.status >= 400 ? json::parse(body) : Result<Json>(Json());
  const Json* errors = json ? json::find(*json, "errors") : nullptr;
  return errors != nullptr && errors->is_array() && !errors->empty() &&
         text::to_lower(json::string_or((*errors)[0], "code", "")) == "toomanyrequests";
}

std::optional<seconds> retry_after(const HttpResponse& response,
                                   std::chrono::system_clock::time_point now) {
  const std::string after = response.header("retry-after");
  if (const auto count = number(after)) {
    return believable(*count);
  }
  if (const auto date = parse_http_date(after)) {
    const auto current =
        parse_http_date(response.header("date")).value_or(std::chrono::floor<seconds>(now));
    return believable((*date - current).count());
  }
  if (const auto unix_time = number(response.header("x-retry-after"))) {
    const auto current = std::chrono::floor<seconds>(now.time_since_epoch()).count();
    return believable(*unix_time - current);
  }
  if (const auto count = number(response.header("ratelimit-reset"))) {
    return believable(*count);
  }
  return std::nullopt;
}

std::optional<seconds> retry_after(const HttpResponse& response) {
  return retry_after(response, std::chrono::system_clock::now());
}

std::string describe_duration(seconds duration) {
  constexpr std::array<std::pair<std::int64_t, const char*>, 4> kUnits = {
      {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}}};
  std::int64_t left = std::max<std::int64_t>(duration.count(), 0);
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    const auto [size, unit] = kUnits[i];
    if (left < size) {
      continue;
    }
    const auto [part, part_unit] = kUnits[i + 1];
    left = (left + part - 1) / part;  // in units of the part, rounded up
    const std::int64_t parts = size / part;
    return counted(left / parts, unit) +
           (left % parts == 0 ? "" : " " + counted(left % parts, part_unit));
  }
  return counted(left, "second");
}

std::string describe_limit(const HttpResponse& response) {
  const std::string limit = response.header("ratelimit-limit");
  const std::string left = response.header("ratelimit-remaining");
  if (limit.empty()) {
    return "";
  }
  const auto window = window_of(limit);
  return format(" (limit {}{}{})", before_parameters(limit),
                window ? format(" per {}", describe_duration(*window)) : "",
                left.empty() ? "" : format(", {} left", before_parameters(left)));
}

std::string waiting_hint(const HttpResponse& response) {
  if (const auto wait = retry_after(response)) {
    return wait->count() == 0 ? "try again now" : "try again in " + describe_duration(*wait);
  }
  const auto window = window_of(response.header("ratelimit-limit"));
  return window ? format("try again later, in {} at the latest", describe_duration(*window))
                : "try again later";
}

}  // namespace devenv::image::registry

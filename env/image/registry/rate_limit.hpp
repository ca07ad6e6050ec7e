// SPDX-License-Identifier: MIT
// What a registry says about having been asked too often, and how long to leave it alone.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "env/image/registry/http.hpp"

namespace devenv::image::registry {

/// HTTP 429; or an error whose code is TOOMANYREQUESTS, which some proxies send with another
/// status. Source: OCI distribution-spec, "Error Codes".
bool is_rate_limited(const HttpResponse& response, std::string_view body);

/// How long the registry wants to be left alone: Retry-After, in seconds or as a date (compared
/// with the answer's own Date, so that clocks may differ, else with `now`); X-Retry-After, a Unix
/// time (Docker Hub); RateLimit-Reset, in seconds. nullopt when it does not say, and for what is
/// unbelievable: more than a week. Source: RFC 9110, 10.2.3.
std::optional<std::chrono::seconds> retry_after(const HttpResponse& response,
                                                std::chrono::system_clock::time_point now);
std::optional<std::chrono::seconds> retry_after(const HttpResponse& response);

/// " (limit 100 per 6 hours, 0 left)" of the headers "RateLimit-Limit: 100;w=21600" and
/// "RateLimit-Remaining"; "" without them. Safe for a terminal.
std::string describe_limit(const HttpResponse& response);

/// What somebody who has met the limit can do: "try again in 10 minutes".
std::string waiting_hint(const HttpResponse& response);

/// "45 seconds", "10 minutes", "1 hour 5 minutes": two units at most, rounded up.
std::string describe_duration(std::chrono::seconds duration);

}  // namespace devenv::image::registry

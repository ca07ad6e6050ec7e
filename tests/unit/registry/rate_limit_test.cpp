// SPDX-License-Identifier: MIT
#include "env/image/registry/rate_limit.hpp"

#include <doctest/doctest.h>

#include <map>

#include "env/image/registry/http_date.hpp"

namespace devenv::image::registry {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

HttpResponse response(std::multimap<std::string, std::string> headers, long status = 429) {
  return HttpResponse{status, std::move(headers)};
}

const sys_seconds kSixth{seconds(784111777)};  // of November 1994, 08:49:37

TEST_CASE("http date: the three forms") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == kSixth);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == kSixth);
  CHECK(parse_http_date("Thursday, 31-Dec-26 23:59:59 GMT") ==
        parse_http_date("Thu, 31 Dec 2026 23:59:59 GMT"));
  CHECK(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT") == sys_seconds(seconds(1709164800)));
}

TEST_CASE("http date: anything else is none") {
  for (const char* text :
       {"", "soon", "600", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 2024 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 006 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 19940 08:49:37 GMT",
        "Sunday, 06-Nov 08:49:37 GMT", "Sun Nov -6 08:49:37 1994"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_date(text));
  }
}

TEST_CASE("rate limit: how long to wait") {
  struct Row {
    std::multimap<std::string, std::string> headers;
    std::optional<seconds> wait;
  };
  for (const Row& row : {
           Row{{}, std::nullopt},
           Row{{{"retry-after", "30"}}, seconds(30)},
           Row{{{"retry-after", "0"}}, seconds(0)},
           Row{{{"retry-after", "-1"}}, std::nullopt},
           Row{{{"retry-after", "99999999999999999999"}}, std::nullopt},
           // A date is compared with the answer's own clock, or ours.
           Row{{{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"}}, seconds(60)},
           Row{{{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"},
                {"date", "Sun, 06 Nov 1994 08:50:30 GMT"}},
               seconds(7)},
           Row{{{"retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"}}, seconds(0)},
           Row{{{"retry-after", "Sun, 06 Nov 2094 08:00:00 GMT"}}, std::nullopt},
           Row{{{"x-retry-after", "784111877"}}, seconds(100)},
           Row{{{"ratelimit-reset", "12"}}, seconds(12)},
           Row{{{"retry-after", "5"}, {"ratelimit-reset", "12"}}, seconds(5)},
       }) {
    CAPTURE(row.headers.size());
    CHECK(retry_after(response(row.headers), kSixth) == row.wait);
  }
}

TEST_CASE("rate limit: is said by the status or by the code of the error") {
  const char* kTooMany = R"({"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]})";
  CHECK(is_rate_limited(response({}), ""));
  CHECK(is_rate_limited(response({}, 403), kTooMany));
  CHECK(is_rate_limited(response({}, 503), kTooMany));
  CHECK_FALSE(is_rate_limited(response({}, 200), kTooMany));
  CHECK_FALSE(is_rate_limited(response({}, 403), R"({"errors":[{"code":"DENIED"}]})"));
  CHECK_FALSE(is_rate_limited(response({}, 503), "<html>TOOMANYREQUESTS"));
}

TEST_CASE("rate limit: durations are told in two units, rounded up") {
  struct Row {
    int count;
    const char* text;
  };
  for (const Row& row : {Row{-1, "0 seconds"}, Row{1, "1 second"}, Row{59, "59 seconds"},
                         Row{60, "1 minute"}, Row{61, "1 minute 1 second"}, Row{600, "10 minutes"},
                         Row{3599, "59 minutes 59 seconds"}, Row{3601, "1 hour 1 minute"},
                         Row{21600, "6 hours"}, Row{86400, "1 day"}, Row{93599, "1 day 2 hours"}}) {
    CHECK(describe_duration(seconds(row.count)) == row.text);
  }
}

TEST_CASE("rate limit: what is known about the limit is told") {
  CHECK(describe_limit(response({})).empty());
  CHECK(describe_limit(
            response({{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", "0;w=21600"}})) ==
        " (limit 100 per 6 hours, 0 left)");
  CHECK(describe_limit(response({{"ratelimit-limit", "60"}})) == " (limit 60)");
  CHECK(describe_limit(response({{"ratelimit-limit", "\x1b[2J;w=x"}})) == " (limit \\x1b[2J)");
  CHECK(waiting_hint(response({{"retry-after", "30"}})) == "try again in 30 seconds");
  CHECK(waiting_hint(response({{"retry-after", "0"}})) == "try again now");
  CHECK(waiting_hint(response({{"ratelimit-limit", "100;w=21600"}})) ==
        "try again later, in 6 hours at the latest");
  CHECK(waiting_hint(response({})) == "try again later");
}

}  // namespace
}  // namespace devenv::image::registry

// SPDX-License-Identifier: MIT
#include "env/image/registry/status_error.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "env/image/registry/content_range.hpp"

namespace devenv::image::registry {
namespace {

HttpResponse response(long status, std::multimap<std::string, std::string> headers = {}) {
  return HttpResponse{status, std::move(headers)};
}

TEST_CASE("status: what a push is told") {
  struct Row {
    HttpResponse response;
    const char* message;
    const char* hint;
  };
  const char* kLogIn = "log in as somebody who may write there: devenv image login x";
  for (const Row& row : std::vector<Row>{
           {response(401), "the registry does not let you push to 'x/y:1' (HTTP 401): no", kLogIn},
           {response(403), "the registry does not let you push to 'x/y:1' (HTTP 403): no", kLogIn},
           {response(404), "the registry has no place for 'x/y:1' (HTTP 404): no",
            "many registries want a repository to be made before the first push"},
           {response(405), "the registry takes no pushes (HTTP 405): no",
            "it may be a mirror that can only be read"},
           {response(413),
            "the registry, or a proxy before it, takes no part as large as one of 'x/y:1' (HTTP "
            "413): no",
            ""},
           {response(400), "the registry refuses a part of 'x/y:1' (HTTP 400): no", ""},
           {response(429), "too many requests for a push to 'x/y:1' (HTTP 429): no",
            "try again later"},
           {response(503), "the registry cannot serve a push to 'x/y:1' (HTTP 503): no",
            "try again later"}}) {
    const Error error =
        status_error(row.response, R"({"errors":[{"message":"no"}]})", Subject::push, "x/y:1");
    CHECK(error.code() == ErrorCode::network);
    CHECK(error.message() == row.message);
    CHECK(error.hint() == row.hint);
  }
}

TEST_CASE("status: each becomes one clear error") {
  const char* kDenied = R"({"errors":[{"code":"DENIED","message":"requested access is denied"}]})";
  struct Row {
    HttpResponse response;
    const char* body;
    Subject subject;
    ErrorCode code;
    const char* message;
  };
  const std::vector<Row> rows = {
      {response(401), kDenied, Subject::manifest, ErrorCode::network,
       "access to 'x/y:1' denied (HTTP 401): requested access is denied"},
      {response(403), "", Subject::manifest, ErrorCode::network,
       "access to 'x/y:1' denied (HTTP 403)"},
      {response(404), R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})", Subject::manifest,
       ErrorCode::not_found, "there is no image 'x/y:1': MANIFEST_UNKNOWN"},
      {response(404), "<html>", Subject::blob, ErrorCode::network,
       "the registry does not have blob x/y:1"},
      {response(429), "", Subject::manifest, ErrorCode::network,
       "too many requests for 'x/y:1' (HTTP 429)"},
      {response(429, {{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", "0;w=21600"}}),
       R"({"message":"slow down"})", Subject::manifest, ErrorCode::network,
       "too many requests for 'x/y:1' (HTTP 429) (limit 100 per 6 hours, 0 left): slow down"},
      {response(503), "", Subject::token, ErrorCode::network,
       "the registry cannot serve a token from 'x/y:1' (HTTP 503)"},
      {response(302), "", Subject::blob, ErrorCode::network,
       "the registry redirects blob x/y:1 without an end (HTTP 302)"},
      {response(400), "", Subject::manifest, ErrorCode::network,
       "the registry cannot serve 'x/y:1' (HTTP 400)"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    const Error error = status_error(row.response, row.body, row.subject, "x/y:1");
    CHECK(error.code() == row.code);
    CHECK(error.message() == row.message);
  }
}

TEST_CASE("status: the hint says how long to wait") {
  const auto hint = [](const HttpResponse& answer, const char* body = "") {
    return status_error(answer, body, Subject::manifest, "x").hint();
  };
  CHECK(hint(response(429, {{"retry-after", "30"}})) == "try again in 30 seconds");
  CHECK(hint(response(429, {{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"},
                            {"date", "Wed, 21 Oct 2026 06:23:00 GMT"}})) ==
        "try again in 1 hour 5 minutes");
  CHECK(hint(response(502)) == "try again later");
  CHECK(hint(response(503, {{"retry-after", "120"}})) == "try again in 2 minutes");
  const char* kTooMany = R"({"errors":[{"code":"TOOMANYREQUESTS"}]})";
  CHECK(hint(response(403, {{"retry-after", "90"}}), kTooMany) ==
        "try again in 1 minute 30 seconds");
}

TEST_CASE("status: a registry's words cannot drive the terminal") {
  const Error error = status_error(response(403), R"({"errors":[{"message":"\u001b[2Jgone"}]})",
                                   Subject::manifest, "x");
  CHECK(error.message() == "access to 'x' denied (HTTP 403): \\x1b[2Jgone");
}

TEST_CASE("status: tells the temporary ones") {
  for (const long status : {408L, 429L, 500L, 502L, 503L, 504L}) {
    CHECK(is_temporary(response(status), ""));
  }
  for (const long status : {200L, 206L, 301L, 400L, 401L, 403L, 404L, 416L}) {
    CHECK_FALSE(is_temporary(response(status), ""));
  }
  CHECK(is_temporary(response(403), R"({"errors":[{"code":"TOOMANYREQUESTS"}]})"));
}

TEST_CASE("content range: is read strictly") {
  CHECK(parse_content_range("bytes 0-99/1000") == ContentRange{0, 99, 1000});
  CHECK(parse_content_range("Bytes 5-5/*") == ContentRange{5, 5, std::nullopt});
  for (const char* header :
       {"", "bytes", "bytes */1000", "bytes 5-4/10", "bytes 0-10/10", "bytes 0-9", "bytes a-b/c",
        "items 0-1/2", "bytes 0/1-2", "bytes -1/2", "bytes 0-99999999999999999999/*"}) {
    CAPTURE(header);
    CHECK_FALSE(parse_content_range(header));
  }
}

}  // namespace
}  // namespace devenv::image::registry

// SPDX-License-Identifier: MIT
// What registries and token servers say before they serve anything: challenges, tokens, and how
// long to wait. Each line of the input is a header; all of it is a body.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/text.hpp"
#include "env/image/registry/challenge.hpp"
#include "env/image/registry/content_range.hpp"
#include "env/image/registry/rate_limit.hpp"
#include "env/image/registry/status_error.hpp"
#include "env/image/registry/url.hpp"

using namespace devenv::image::registry;

namespace {

/// libFuzzer reports an abort together with the input.
void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

bool is_printable(std::string_view text) {
  return text.find_first_of(std::string_view("\0\r\n ", 4)) == std::string_view::npos;
}

/// Whatever goes wrong, a person can be shown why.
void check(const devenv::Error& error) {
  for (const devenv::Error* each = &error; each != nullptr; each = each->cause()) {
    must(devenv::text::sanitize(each->message()) == each->message());
  }
  must(devenv::text::sanitize(error.hint()) == error.hint());
}

void read_challenges(const std::vector<std::string>& headers) {
  const std::vector<std::string> scopes = {"repository:team/web:pull"};
  for (const Challenge& challenge : parse_challenges(headers)) {
    must(!challenge.scheme.empty());
    must(devenv::text::to_lower(challenge.scheme) == challenge.scheme);
    const auto url = token_url(challenge, scopes);
    const auto form = refresh_form(challenge, scopes, "secret&token");
    must(url.has_value() == form.has_value());
    if (!url) {
      check(url.error());
      continue;
    }
    // It is sent as one line, to the place that the realm names, and the secret not in it.
    must(is_printable(form->url) && Url::parse(form->url).has_value());
    must(form->url.find("secret") == std::string::npos ||
         challenge.parameters.at("realm").find("secret") != std::string::npos);
    must(is_printable(form->body) && form->body.find("secret&token") == std::string::npos);
    const auto asked = Url::parse(*url);
    must(asked && is_printable(asked->string()) && asked->same_origin(*Url::parse(form->url)));
  }
}

void read_waits(const std::vector<std::string>& headers, std::string_view body) {
  const std::chrono::sys_seconds now{std::chrono::seconds(1700000000)};
  for (const std::string& header : headers) {
    const HttpResponse response{429,
                                {{"retry-after", header},
                                 {"date", header},
                                 {"x-retry-after", header},
                                 {"ratelimit-limit", header},
                                 {"ratelimit-remaining", header}}};
    if (const auto wait = retry_after(response, now)) {
      must(wait->count() >= 0 && *wait <= std::chrono::hours(24 * 7));
      must(!describe_duration(*wait).empty());
    }
    check(status_error(response, body, Subject::manifest, header));
    (void)parse_content_range(header);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> headers;
  for (const std::string_view line : devenv::text::lines(text)) {
    headers.emplace_back(line);
  }
  read_challenges(headers);
  read_waits(headers, text);
  if (const auto token = parse_token(text)) {
    must(!token->value.empty() && is_printable(token->value));
    must(token->lifetime >= std::chrono::seconds(60));
  } else {
    check(token.error());
  }
  return 0;
}

// SPDX-License-Identifier: MIT
#include "env/image/registry/status_error.hpp"

#include <optional>
#include <string>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/rate_limit.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::size_t kMaxQuotedBytes = 300;

std::string clip(const std::string& words) {
  return text::sanitize(std::string_view(words).substr(0, kMaxQuotedBytes));
}

/// ": <the registry's own words>" or "".
std::string own_words(std::string_view body) {
  const auto json = json::parse(body);
  if (!json) {
    return "";
  }
  std::string words;
  if (const Json* errors = json::find(*json, "errors");
      errors != nullptr && errors->is_array() && !errors->empty()) {
    words = json::string_or((*errors)[0], "message", json::string_or((*errors)[0], "code", ""));
  } else {
    words = json::string_or(*json, "details", json::string_or(*json, "message", ""));
  }
  return words.empty() ? "" : format(": {}", clip(words));
}

std::string describe(Subject subject, std::string_view name) {
  const std::string shown = text::sanitize(name);
  switch (subject) {
    case Subject::manifest:
      return format("'{}'", shown);
    case Subject::blob:
      return format("blob {}", shown);
    case Subject::token:
      return format("a token from '{}'", shown);
    case Subject::push:
      return format("a push to '{}'", shown);
    case Subject::login:
      return format("a login to '{}'", shown);
  }
  return shown;
}

/// "registry.example.com" of the image's name.
std::string registry_of(std::string_view name) {
  return text::sanitize(name.substr(0, name.find('/')));
}

/// What a push can be told that a pull cannot.
std::optional<Error> push_error(const HttpResponse& response,
                                const std::string& words,
                                std::string_view name) {
  const std::string shown = text::sanitize(name);
  switch (response.status) {
    case 401:
    case 403:
      return Error(ErrorCode::network,
                   format("the registry does not let you push to '{}' (HTTP {}){}", shown,
                          response.status, words))
          .with_hint(format("log in as somebody who may write there: devenv image login {}",
                            registry_of(name)));
    case 404:
      return Error(ErrorCode::network,
                   format("the registry has no place for '{}' (HTTP 404){}", shown, words))
          .with_hint("many registries want a repository to be made before the first push");
    case 405:
      return Error(ErrorCode::network, format("the registry takes no pushes (HTTP 405){}", words))
          .with_hint("it may be a mirror that can only be read");
    case 413:
      return Error(
          ErrorCode::network,
          format("the registry, or a proxy before it, takes no part as large as one of '{}' "
                 "(HTTP 413){}",
                 shown, words));
    default:
      break;
  }
  if (response.status >= 400 && response.status < 500) {
    return Error(ErrorCode::network, format("the registry refuses a part of '{}' (HTTP {}){}",
                                            shown, response.status, words));
  }
  return std::nullopt;
}

/// What a login can be told that nobody else can.
std::optional<Error> login_error(const HttpResponse& response,
                                 const std::string& words,
                                 std::string_view name) {
  const std::string shown = text::sanitize(name);
  switch (response.status) {
    case 401:
    case 403:
      return Error(ErrorCode::network,
                   format("'{}' does not accept the user name and password (HTTP {}){}", shown,
                          response.status, words))
          .with_hint("some registries want an access token in the place of the password");
    case 404:
      return Error(ErrorCode::network, format("'{}' is no registry (HTTP 404)", shown))
          .with_hint("check the registry's name");
    default:
      return std::nullopt;
  }
}

Error too_many_requests(const HttpResponse& response,
                        const std::string& what,
                        const std::string& words) {
  return Error(ErrorCode::network, format("too many requests for {} (HTTP {}){}{}", what,
                                          response.status, describe_limit(response), words))
      .with_hint(waiting_hint(response));
}

}  // namespace

bool is_temporary(const HttpResponse& response, std::string_view body) {
  return response.status == 408 || response.status >= 500 || is_rate_limited(response, body);
}

Error status_error(const HttpResponse& response,
                   std::string_view body,
                   Subject subject,
                   std::string_view name) {
  const std::string what = describe(subject, name);
  const std::string words = own_words(body);
  if (is_rate_limited(response, body)) {
    return too_many_requests(response, what, words);
  }
  if (auto error = subject == Subject::push    ? push_error(response, words, name)
                   : subject == Subject::login ? login_error(response, words, name)
                                               : std::nullopt) {
    return *std::move(error);
  }
  switch (response.status) {
    case 401:
    case 403:
      return Error(ErrorCode::network,
                   format("access to {} denied (HTTP {}){}", what, response.status, words))
          .with_hint("check the image's name: many registries deny access to what does not exist");
    case 404:
      if (subject == Subject::manifest) {
        return Error(ErrorCode::not_found, format("there is no image {}{}", what, words))
            .with_hint("check the image's name and tag");
      }
      return Error(ErrorCode::network, format("the registry does not have {}{}", what, words));
    default:
      break;
  }
  if (response.status >= 300 && response.status < 400) {
    return Error(ErrorCode::network, format("the registry redirects {} without an end (HTTP {})",
                                            what, response.status));
  }
  return Error(ErrorCode::network,
               format("the registry cannot serve {} (HTTP {}){}", what, response.status, words))
      .with_hint(response.status >= 500 ? waiting_hint(response) : "");
}

}  // namespace devenv::image::registry

// SPDX-License-Identifier: MIT
// RegistryClient: who we are, and what to tell people who are not known.
#include <algorithm>
#include <optional>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/answers.hpp"
#include "env/image/registry/rate_limit.hpp"
#include "env/image/registry/registry_client.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::size_t kMaxTokenAnswerBytes = 1024U * 1024;

bool has_password(const std::optional<Credentials>& credentials) {
  return credentials && credentials->identity_token.empty();
}

}  // namespace

/// Source: distribution, "Token Authentication Specification"; RFC 7617.
Result<bool> RegistryClient::authorize(const HttpResponse& denied) {
  authorization_.clear();
  for (const Challenge& challenge : parse_challenges(denied.all("www-authenticate"))) {
    if (challenge.scheme == "bearer") {
      TRY_ASSIGN(const Token token, ask_for_token(challenge));
      authorization_ = "Bearer " + token.value;
      // Not used up to the last second: a request takes time to arrive.
      authorized_until_ = std::chrono::steady_clock::now() + token.lifetime * 9 / 10;
      return true;
    }
    if (challenge.scheme == "basic" && has_password(access_.login.credentials)) {
      authorization_ = access_.login.credentials->basic();
      authorized_until_ = std::chrono::steady_clock::time_point::max();
      return true;
    }
  }
  return false;
}

Error RegistryClient::denied_or_failed(const Answer& answer,
                                       Subject subject,
                                       std::string_view name) const {
  const Error error = status_error(answer.response, answer.error_body, subject, name);
  if (is_rate_limited(answer.response, answer.error_body)) {
    return access_.login.credentials
               ? error
               : error.with_hint(format("{}; registries often allow more to people they know: "
                                        "devenv image login {}",
                                        error.hint(), text::sanitize(registry_)));
  }
  const bool denied = answer.response.status == 401 || answer.response.status == 403;
  if (!denied) {
    return error;
  }
  if (!access_.login.problem.empty()) {
    return error.with_hint(format("there may be a password that was not found: {}",
                                  text::sanitize(access_.login.problem)));
  }
  if (!access_.login.credentials && subject != Subject::push) {
    return error.with_hint(format("check the image's name, or log in: devenv image login {}",
                                  text::sanitize(registry_)));
  }
  return error;
}

/// What tokens are for.
std::vector<std::string> RegistryClient::scopes() const {
  if (repository_.empty()) {
    return {};
  }
  std::vector<std::string> scopes = {
      format("repository:{}:{}", repository_, access_.push ? "pull,push" : "pull")};
  for (const std::string& repository : access_.mount_from) {
    scopes.push_back(format("repository:{}:pull", repository));
  }
  return scopes;
}

Result<Token> RegistryClient::ask_for_token(const Challenge& challenge) {
  Challenge wanted = challenge;
  if (access_.push) {
    // It names what this request needs, and a push begins with requests that only read.
    wanted.parameters.erase("scope");
  }
  const auto& credentials = access_.login.credentials;
  const bool refreshes = credentials && !credentials->identity_token.empty();
  TokenForm form;
  if (refreshes) {
    TRY_ASSIGN(form, refresh_form(wanted, scopes(), credentials->identity_token));
  } else {
    TRY_ASSIGN(form.url, token_url(wanted, scopes()));
  }
  TRY_ASSIGN(const Url url, Url::parse(form.url));
  const HttpBody posted = body_of(form.body);
  const Asked asked{.method = refreshes ? HttpMethod::post : HttpMethod::get,
                    .body = refreshes ? &posted : nullptr,
                    .content_type = refreshes ? "application/x-www-form-urlencoded" : "",
                    .subject = repository_.empty() ? Subject::login : Subject::token,
                    .name = repository_.empty() ? name_ : url.authority()};
  std::string body;
  const BodySink sink = collect(body, kMaxTokenAnswerBytes, "the token server's answer");
  // The token server is trusted with the password: the registry, over TLS, has named it.
  const bool shows_password = has_password(credentials);
  const std::string before =
      std::exchange(authorization_, shows_password ? credentials->basic() : std::string());
  const Exchange answer = retry([&] {
    body.clear();
    return send_once(url, asked, shows_password, sink);
  });
  authorization_ = before;
  if (!answer) {
    return fail(answer.error().error.context(
        format("cannot get a token to {} '{}'",
               repository_.empty() ? "log in to" : (access_.push ? "push" : "pull"), name_)));
  }
  if (!is_success(answer->response.status)) {
    return fail(denied_or_failed(*answer, asked.subject, asked.name));
  }
  return parse_token(body);
}

}  // namespace devenv::image::registry

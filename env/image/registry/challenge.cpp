// SPDX-License-Identifier: MIT
#include "env/image/registry/challenge.hpp"

#include <algorithm>
#include <optional>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/url.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::chrono::seconds kMinimumLifetime{60};
constexpr std::size_t kMaxTokenBytes = 64U * 1024;

/// Reads the grammar of RFC 9110 from the front of a header's value.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  void skip_spaces() {
    rest_ = rest_.substr(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  void skip_separators() {
    rest_ = rest_.substr(std::min(rest_.find_first_not_of(" \t,"), rest_.size()));
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  std::string token() {
    const std::size_t end = std::min(rest_.find_first_of(" \t,=\""), rest_.size());
    const std::string result(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return result;
  }

  /// A token or a quoted string.
  std::string value() {
    if (!take('"')) {
      // Some servers do not quote a realm: its characters may be those of a URL, '=' included.
      const std::size_t end = std::min(rest_.find_first_of(" \t,"), rest_.size());
      const std::string result(rest_.substr(0, end));
      rest_.remove_prefix(end);
      return result;
    }
    std::string result;
    while (!rest_.empty() && !take('"')) {
      if (rest_[0] == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
      }
      result += rest_[0];
      rest_.remove_prefix(1);
    }
    return result;
  }

  /// Whether what follows is a parameter of the current challenge and not the next scheme.
  bool parameter_follows() const {
    const std::size_t name_end = rest_.find_first_of(" \t,=\"");
    if (name_end == std::string_view::npos || name_end == 0) {
      return false;
    }
    const std::size_t next = rest_.find_first_not_of(" \t", name_end);
    return next != std::string_view::npos && rest_[next] == '=';
  }

 private:
  std::string_view rest_;
};

void parse_header(std::string_view header, std::vector<Challenge>& challenges) {
  Scanner scanner(header);
  scanner.skip_separators();
  while (!scanner.at_end()) {
    Challenge challenge{text::to_lower(scanner.token()), {}};
    if (challenge.scheme.empty()) {
      return;
    }
    scanner.skip_separators();
    while (scanner.parameter_follows()) {
      const std::string name = text::to_lower(scanner.token());
      scanner.skip_spaces();
      scanner.take('=');
      scanner.skip_spaces();
      challenge.parameters.insert_or_assign(name, scanner.value());
      scanner.skip_separators();
    }
    challenges.push_back(std::move(challenge));
  }
}

std::string parameter(const Challenge& challenge, const std::string& name) {
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? "" : found->second;
}

Result<Url> realm_of(const Challenge& challenge) {
  TRY_ASSIGN_CONTEXT(Url realm, Url::parse(parameter(challenge, "realm")),
                     "the registry does not say where to get a token");
  return realm;
}

/// What the challenge asks for knows better than we do, but only of the one repository.
std::vector<std::string> wanted_scopes(const Challenge& challenge,
                                       const std::vector<std::string>& scopes) {
  const std::string asked = parameter(challenge, "scope");
  return scopes.size() == 1 && !asked.empty() ? std::vector{asked} : scopes;
}

}  // namespace

std::vector<Challenge> parse_challenges(const std::vector<std::string>& headers) {
  std::vector<Challenge> challenges;
  for (const std::string& header : headers) {
    parse_header(header, challenges);
  }
  return challenges;
}

Result<std::string> token_url(const Challenge& challenge, const std::vector<std::string>& scopes) {
  TRY_ASSIGN(const Url realm, realm_of(challenge));
  std::string url = realm.string();
  char separator = realm.target.find('?') == std::string::npos ? '?' : '&';
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      url += format("{}{}={}", separator, name, percent_encode(value));
      separator = '&';
    }
  };
  add("service", parameter(challenge, "service"));
  for (const std::string& scope : wanted_scopes(challenge, scopes)) {
    add("scope", scope);
  }
  return url;
}

Result<TokenForm> refresh_form(const Challenge& challenge,
                               const std::vector<std::string>& scopes,
                               std::string_view identity_token) {
  TRY_ASSIGN(const Url realm, realm_of(challenge));
  TokenForm form{.url = realm.string(), .body = "grant_type=refresh_token&client_id=devenv"};
  const auto add = [&form](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      form.body += format("&{}={}", name, percent_encode(value));
    }
  };
  add("service", parameter(challenge, "service"));
  add("scope", join(wanted_scopes(challenge, scopes), " "));
  add("refresh_token", identity_token);
  return form;
}

Result<Token> parse_token(std::string_view body) {
  TRY_ASSIGN_CONTEXT(const Json json, json::parse(body), "the token server's answer is malformed");
  Token token;
  token.value = json::string_or(json, "token", "");
  if (token.value.empty()) {
    token.value = json::string_or(json, "access_token", "");
  }
  // It becomes a header: nothing in it may end the line.
  const bool printable = std::all_of(token.value.begin(), token.value.end(),
                                     [](char c) { return c > ' ' && c < '\x7f'; });
  if (token.value.empty() || token.value.size() > kMaxTokenBytes || !printable) {
    return fail(ErrorCode::integrity, "the token server's answer has no usable token");
  }
  if (json::find(json, "expires_in") != nullptr) {
    const auto seconds = json::get_uint(json, "expires_in");
    const std::uint64_t lifetime = seconds ? std::min<std::uint64_t>(*seconds, 86400) : 0;
    token.lifetime =
        std::max(kMinimumLifetime, std::chrono::seconds(static_cast<std::int64_t>(lifetime)));
  }
  return token;
}

}  // namespace devenv::image::registry

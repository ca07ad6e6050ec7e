// SPDX-License-Identifier: MIT
// What a registry asks for before it answers, and the answer of its token server.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::image::registry {

/// One challenge of a WWW-Authenticate header: `Bearer realm="...",service="...",scope="..."`.
struct Challenge {
  std::string scheme;                             ///< lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters;  ///< names in lower case
};

/// All challenges of all WWW-Authenticate headers of one answer, in order. One header may hold
/// several, separated by commas as the parameters within one are. What cannot be read is left out.
/// Source: RFC 9110, 11.6.1.
std::vector<Challenge> parse_challenges(const std::vector<std::string>& headers);

/// Where a token is asked for: the challenge's realm with its service and `scope` as the query.
/// `scopes` are asked for; a single one only when the challenge names none.
/// Errors: integrity when the challenge has no realm, or one that is no URL.
/// Source: distribution, "Token Authentication Specification".
Result<std::string> token_url(const Challenge& challenge, const std::vector<std::string>& scopes);

/// The same for a client that has an identity token instead of a password: the realm, which gets a
/// POST, and its body. `scopes` as above. Errors: as above.
/// Source: distribution, "Token Authentication Specification", "OAuth2".
struct TokenForm {
  std::string url;
  std::string body;  ///< application/x-www-form-urlencoded; has the secret in it
};
Result<TokenForm> refresh_form(const Challenge& challenge,
                               const std::vector<std::string>& scopes,
                               std::string_view identity_token);

struct Token {
  std::string value;
  std::chrono::seconds lifetime{60};
};

/// Reads the answer of a token server: "token" or "access_token"; "expires_in" is 60 s when missing
/// and at least that, as the specification demands. Errors: integrity.
Result<Token> parse_token(std::string_view body);

}  // namespace devenv::image::registry

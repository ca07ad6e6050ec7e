// SPDX-License-Identifier: MIT
// What people are told about a request that got no answer.
#pragma once

#include <optional>
#include <string>

#include "env/image/registry/http.hpp"

namespace devenv::image::registry {

/// A proxy as the user has named it.
struct ProxyWord {
  std::string variable;
  std::string value;
  std::string shown;  ///< without a password
  std::string host;   ///< as libcurl writes it: "::1"
  std::string port;
};

/// By the variables that libcurl looks at; nullopt when none names one for such requests. NO_PROXY
/// is not looked at.
std::optional<ProxyWord> proxy_for(const Url& url);

/// `reason` as libcurl gives it: it quotes a proxy as it was given, with its password.
std::string without_password(std::string reason, const std::optional<ProxyWord>& proxy);

/// The first file of a directory of authorities that has no certificate in it; else the directory.
std::string file_at_fault(const std::string& directory);

/// Whether libcurl's words are of the proxy: of no connection, it says to whom by name.
bool speaks_of(const std::string& reason, const ProxyWord& proxy);

/// Where a host's certificates are kept.
std::string certificates_of(const Url& url);

/// What to do about a failure; "" when there is nothing.
std::string hint_for(TransportFailure kind, const HttpRequest& request);

}  // namespace devenv::image::registry

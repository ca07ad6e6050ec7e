// SPDX-License-Identifier: MIT
// The parts of a URL that decisions are made on: which host gets a secret, and whether it may be
// asked without TLS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "env/base/result.hpp"

namespace devenv::image::registry {

/// An absolute http or https URL without user information and fragment.
struct Url {
  std::string scheme;        ///< "http" or "https"
  std::string host;          ///< lower case; an IPv6 address keeps its brackets
  std::uint16_t port = 0;    ///< never 0: the scheme's own when the URL has none
  std::string target = "/";  ///< path and query, starts with '/'

  /// Errors: integrity for anything else, also for control characters and spaces.
  static Result<Url> parse(std::string_view text);

  std::string string() const;
  /// "host:port", and "host" for the scheme's own port.
  std::string authority() const;
  /// Scheme, host and port agree: what may be shown the same secret.
  bool same_origin(const Url& other) const;

  bool operator==(const Url&) const = default;
};

/// What a Location header means for a request to `base`: absolute, "//host/path", "/path" or a
/// relative path. Source: RFC 3986, 5.2 (dot segments are left to the server).
Result<Url> resolve_location(const Url& base, std::string_view location);

/// localhost, *.localhost, 127.0.0.0/8 and ::1, with or without a port: traffic that never leaves
/// the machine, so that plain http is accepted.
bool is_loopback(std::string_view host);

/// Percent-encodes everything but unreserved characters, for a query's value. Source: RFC
/// 3986, 2.3.
std::string percent_encode(std::string_view value);

}  // namespace devenv::image::registry

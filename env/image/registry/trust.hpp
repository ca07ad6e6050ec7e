// SPDX-License-Identifier: MIT
// Which certificates a host may show, and which we show it: certs.d.
// Source: containers-certs.d(5); Docker, "Verify repository client with certificates".
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/registry/http.hpp"

namespace devenv::image::registry {

class Trust {
 public:
  /// `directories` have a directory per host, "quay.io" or "localhost:5000": the first that has one
  /// for a host counts. `bundle` is the system's certificate authorities, in one file; "" when
  /// there is none.
  Trust(std::vector<std::string> directories, std::string bundle)
      : directories_(std::move(directories)), bundle_(std::move(bundle)) {}

  /// containers/certs.d and docker/certs.d in $XDG_CONFIG_HOME (default: ~/.config), then those in
  /// /etc; SSL_CERT_FILE, else what libcurl takes, else where distributions have it.
  static Trust of_caller(const std::function<std::string(const char*)>& get_variable);

  /// For a host and port as its users write it: *.crt are accepted besides the system's
  /// authorities; the first *.cert with its *.key is shown when the host asks for one.
  /// Errors: failed for one of a pair without the other, and for files that cannot be read.
  Result<TlsSettings> for_host(const std::string& host) const;

 private:
  std::vector<std::string> directories_;
  std::string bundle_;
};

}  // namespace devenv::image::registry

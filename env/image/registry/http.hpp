// SPDX-License-Identifier: MIT
// One HTTP exchange. http.cpp is the one file that includes libcurl.
//
// Redirects, authorization and retries are decisions of registry_client: libcurl would make them
// with less knowledge (an Authorization header that follows a redirect to an object store makes the
// store refuse the request).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/registry/url.hpp"

namespace devenv::image::registry {

struct Timeouts {
  std::chrono::seconds connect{15};  ///< name, connection and TLS
  std::chrono::seconds stall{30};    ///< hardly a byte for so long ends a transfer
};

enum class HttpMethod { get, head, post, put };
/// "GET"...
const char* to_string(HttpMethod method);

/// The bytes of a PUT or POST, read as they are sent; again from the start when a connection that
/// was kept has turned out to be closed.
struct HttpBody {
  std::uint64_t size_bytes = 0;
  /// Fills `buffer` from `offset` on; at least one byte as long as there are some.
  std::function<Result<std::size_t>(std::uint64_t offset, std::span<char> buffer)> read;
};
/// The bytes of `text`, which outlives it.
HttpBody body_of(std::string_view text);

/// How TLS is spoken with a host.
struct TlsSettings {
  bool verify = true;            ///< the certificate and the name in it
  std::string authorities;       ///< in place of the system's, PEM; "": those of the system
  std::string directory;         ///< that they are from, for messages
  std::string certificate_file;  ///< that says who we are, and its key; "": none
  std::string key_file;
  bool operator==(const TlsSettings&) const = default;
};

/// The system's certificate authorities as libcurl was built to find them; "" when it was not.
std::string default_authorities();

struct HttpRequest {
  Url url;
  HttpMethod method = HttpMethod::get;
  const HttpBody* body = nullptr;    ///< of a PUT or POST; nullptr is an empty one
  std::vector<std::string> headers;  ///< "Name: value"
  std::string range;                 ///< "0-99"; empty for everything
  Timeouts timeouts;
  TlsSettings tls;
  bool plain_allowed = false;  ///< http also for what is not this machine
  bool of_registry = true;     ///< for the hints of errors; else any server's
};

struct HttpResponse {
  long status = 0;
  std::multimap<std::string, std::string> headers;  ///< names in lower case

  /// The first header of that (lower case) name, or "".
  std::string header(const std::string& name) const;
  std::vector<std::string> all(const std::string& name) const;
};

/// How far an exchange came that gave no complete answer.
enum class TransportFailure {
  unreachable,  ///< no connection: name, route, port, proxy
  not_tls,      ///< connected, but the other side does not speak TLS
  untrusted,    ///< TLS, but the certificate is not accepted
  interrupted,  ///< broke or stalled after the request was sent
  refused,      ///< we did not want to go on: `error` is what the sink said, or a local failure
};

struct TransportError {
  TransportFailure kind;
  Error error;
};

/// Takes a piece of the body. `response` has status and headers already. An error ends the
/// transfer and comes back as TransportFailure::refused.
using BodySink = std::function<Result<void>(const HttpResponse& response, std::string_view bytes)>;

/// Connections are kept and used again. Proxies come from the usual variables (https_proxy,
/// HTTPS_PROXY, ALL_PROXY, NO_PROXY...; never for loopback), trusted certificates from the system,
/// SSL_CERT_FILE and SSL_CERT_DIR.
/// Must not be used on both sides of a fork: the connections would be shared.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is an answer; redirects are not followed; http is only spoken to loopback, and
  /// where the request allows it.
  tl::expected<HttpResponse, TransportError> send(const HttpRequest& request, const BodySink& sink);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace devenv::image::registry

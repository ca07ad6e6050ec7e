// SPDX-License-Identifier: MIT
// Manifests and blobs of one repository of a registry, to and fro.
//
// registry/ speaks OCI distribution-spec 1.1 and Docker's token protocol. url, challenge,
// status_error, rate_limit and content_range are pure; http is libcurl; this class makes the
// decisions between them (authorize.cpp, download.cpp and upload.cpp have parts of it).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/manifest.hpp"
#include "env/image/reference.hpp"
#include "env/image/registry/challenge.hpp"
#include "env/image/registry/credentials.hpp"
#include "env/image/registry/http.hpp"
#include "env/image/registry/status_error.hpp"

namespace devenv::image::registry {

struct FetchedManifest {
  std::string bytes;
  std::string content_type;
  Digest digest;  ///< of exactly these bytes
};

/// How a host is talked to.
struct HostSettings {
  TlsSettings tls;
  bool insecure = false;  ///< http will do
};
/// Of "quay.io", "localhost:5000": of the registry, its token server, where it redirects to.
using HostPolicy = std::function<Result<HostSettings>(const std::string& authority)>;

/// Whom a client asks, and what about.
struct Endpoint {
  std::string registry;    ///< "docker.io", "localhost:5000"
  std::string repository;  ///< "library/debian"; empty to ask about the registry itself
  std::string name;        ///< for messages: the image as its user would write it
  HostPolicy policy = {};  ///< without one: TLS as the system has it

  static Endpoint of(const Reference& reference);
};

/// What a client may do, and as whom.
struct Access {
  FoundCredentials login = {};
  bool push = false;
  /// Other repositories of the registry that blobs are to be mounted from.
  std::vector<std::string> mount_from = {};
};

/// Asks one registry for things of one repository.
///
/// Errors of all calls: network when the registry cannot be reached, denies access or fails;
/// integrity when what it serves is not what was asked for; not_found when there is no such
/// image. Temporary failures are tried again, three times in all, after the time that the registry
/// asks for if that is short. https always; http only for a
/// registry that does not speak TLS and is on this machine or said to be insecure. Redirects are
/// followed (5 at most); Authorization goes to the registry's own origin only.
class RegistryClient {
 public:
  RegistryClient(Endpoint endpoint, const Timeouts& timeouts, Access access = {});

  /// Whether the registry is one, and takes the credentials.
  Result<void> check_login();

  /// By tag or "sha256:...". The digest is compared with the one asked for and with the one the
  /// registry names. At most kMaxDocumentBytes.
  Result<FetchedManifest> manifest(const std::string& selector);

  /// A small blob (an image's config), verified. At most kMaxDocumentBytes.
  Result<std::string> document(const Descriptor& blob);

  /// Takes the bytes of a blob in order.
  using Append = std::function<Result<void>(std::string_view bytes)>;

  /// Downloads the bytes of `blob` from offset `have` to its end, going on where it was when the
  /// connection breaks. A registry that knows no ranges is read from the start and what is already
  /// there is passed over. The digest is not checked: whoever reads the bytes does.
  Result<void> download(const Descriptor& blob, std::uint64_t have, const Append& append);

  /// The same of the bytes from `begin` to before `end`. Errors: unsupported when the registry
  /// sends no parts.
  Result<void> download_part(const Descriptor& blob,
                             std::uint64_t begin,
                             std::uint64_t end,
                             const Append& append);

  /// Whether the repository has the blob.
  Result<bool> has_blob(const Digest& digest);

  /// Gives the repository a blob of another one without sending it. False when the registry would
  /// rather have the bytes, for whatever reason it has.
  Result<bool> mount_blob(const Digest& digest, const std::string& from_repository);

  /// Sends a blob, started anew when the connection breaks. `bytes` can be read from any offset.
  /// Errors: network, with what can be done about it, when the registry does not want it; those of
  /// `bytes`.
  Result<void> upload(const Digest& digest, const HttpBody& bytes);

  /// Sends a manifest, under a tag or its digest.
  Result<void> put_manifest(const std::string& selector,
                            std::string_view bytes,
                            const std::string& media_type);

  /// Errors: integrity when the registry does not have the manifest.
  Result<void> check_manifest(const Digest& digest);

  /// Closes all connections; what was learnt (scheme, token) stays. Before a fork: a connection
  /// must not be used on both sides.
  void disconnect() { http_ = HttpClient(); }

 private:
  /// What is wanted, and how messages name it.
  struct Asked {
    std::string path;        ///< below /v2/<repository>
    std::optional<Url> url;  ///< instead of it: where the registry wants something sent
    HttpMethod method = HttpMethod::get;
    const HttpBody* body = nullptr;
    std::string content_type;
    std::string accept;
    std::string range;
    Subject subject = Subject::manifest;
    std::string name;
  };
  struct Answer {
    HttpResponse response;
    Url url;                 ///< that gave it, after redirects
    std::string error_body;  ///< the beginning of the body when the status is no success
  };
  using Exchange = tl::expected<Answer, TransportError>;
  using Attempt = std::function<Exchange()>;

  /// Up to the end of the blob, or of a part that is wanted on its own.
  Result<void> transfer(const Descriptor& blob,
                        std::uint64_t begin,
                        std::optional<std::uint64_t> end,
                        const Append& append);
  Exchange exchange(const Asked& asked, const BodySink& sink);
  bool is_own(const Url& url) const;
  Exchange exchange_origin(const Asked& asked, const BodySink& sink);
  Exchange follow(const Url& origin, const Asked& asked, const BodySink& sink);
  Result<const HostSettings*> settings_for(const Url& url);
  Exchange send_once(const Url& url, const Asked& asked, bool authorized, const BodySink& sink);
  /// Of an answer whose body, if any, is of no interest.
  Exchange ask(const Asked& asked);
  Exchange upload_once(const Digest& digest, const HttpBody& bytes);
  Asked push_request(HttpMethod method, std::string path) const;
  std::vector<std::string> scopes() const;
  static Exchange retry(const Attempt& attempt);
  /// How long to wait after the `failures`th failure in a row; nullopt when asking again is no use,
  /// or the registry wants to be left alone for longer than somebody waits without a word.
  static std::optional<std::chrono::milliseconds> pause_after(const Answer& answer, int failures);
  static std::chrono::milliseconds pause_after_break(int failures);
  /// Whether there is something to try again with.
  Result<bool> authorize(const HttpResponse& denied);
  Result<Token> ask_for_token(const Challenge& challenge);
  /// The status as an error, with what is known about the credentials.
  Error denied_or_failed(const Answer& answer, Subject subject, std::string_view name) const;
  Result<std::string> get_document(const Asked& asked, HttpResponse& response);

  std::string name_;  ///< for messages: the image as its user would write it
  std::string registry_;
  std::string host_;  ///< that serves the registry's API
  std::string repository_;
  Timeouts timeouts_;
  Access access_;
  HttpClient http_;
  HostPolicy policy_;
  std::map<std::string, HostSettings> hosts_;  ///< what the policy has said
  std::string scheme_;                         ///< "" until a loopback registry has answered
  std::string authorization_;
  std::chrono::steady_clock::time_point authorized_until_{};
};

}  // namespace devenv::image::registry

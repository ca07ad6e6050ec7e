// SPDX-License-Identifier: MIT
#include "env/image/registry/registry_client.hpp"

#include <algorithm>
#include <optional>
#include <thread>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/registry/answers.hpp"
#include "env/image/registry/rate_limit.hpp"

namespace devenv::image::registry {
namespace {

constexpr int kMaxRedirects = 5;
constexpr int kAttempts = 3;
constexpr int kPatienceWithUploads = 4;
constexpr std::size_t kMaxErrorBytes = 64U * 1024;
/// A registry on this machine either answers TLS at once or is not going to.
constexpr std::chrono::seconds kLoopbackTlsTimeout{3};
/// Longer than that, and the user decides whether to wait.
constexpr std::chrono::seconds kLongestWait{10};

/// What is sent is only sent again where the registry says so in so many words (RFC 9110, 15.4).
bool is_redirect(const HttpResponse& response, HttpMethod method) {
  const bool reads = method == HttpMethod::get || method == HttpMethod::head;
  const bool always = response.status == 307 || response.status == 308;
  const bool for_reads = response.status >= 301 && response.status <= 303;
  return (always || (reads && for_reads)) && !response.header("location").empty();
}

tl::unexpected<TransportError> refuse(Error error) {
  return tl::unexpected<TransportError>({TransportFailure::refused, std::move(error)});
}

/// The host that serves a registry's API.
std::string api_host(const std::string& registry) {
  return registry == "docker.io" ? "registry-1.docker.io" : registry;
}

/// "host", "host:443" and "host:5000" as they stand in a reference, whatever the scheme.
bool is_own_host(const Url& url, const std::string& host) {
  return url.authority() == host || format("{}:{}", url.host, url.port) == text::to_lower(host);
}

}  // namespace

Endpoint Endpoint::of(const Reference& reference) {
  return {.registry = reference.registry(),
          .repository = reference.repository(),
          .name = reference.string()};
}

RegistryClient::RegistryClient(Endpoint endpoint, const Timeouts& timeouts, Access access)
    : name_(std::move(endpoint.name)),
      registry_(std::move(endpoint.registry)),
      host_(api_host(registry_)),
      repository_(std::move(endpoint.repository)),
      timeouts_(timeouts),
      access_(std::move(access)),
      policy_(std::move(endpoint.policy)),
      scheme_(is_loopback(host_) ? "" : "https") {
  if (policy_ && scheme_ == "https") {
    const auto own = policy_(registry_);
    // What is wrong with the files is said by the first request.
    scheme_ = own && own->insecure ? "" : "https";
  }
}

Result<const HostSettings*> RegistryClient::settings_for(const Url& url) {
  // Docker's registry is known by another name than that of its server.
  const std::string known = is_own_host(url, host_) ? registry_ : url.authority();
  const auto found = hosts_.find(known);
  if (found != hosts_.end()) {
    return &found->second;
  }
  HostSettings settings;
  if (policy_) {
    TRY_ASSIGN(settings, policy_(known));
  }
  return &hosts_.insert_or_assign(known, std::move(settings)).first->second;
}

RegistryClient::Exchange RegistryClient::send_once(const Url& url,
                                                   const Asked& asked,
                                                   bool authorized,
                                                   const BodySink& sink) {
  HttpRequest request{.url = url,
                      .method = asked.method,
                      .body = asked.body,
                      .range = asked.range,
                      .timeouts = timeouts_};
  const auto settings = settings_for(url);
  if (!settings) {
    return refuse(settings.error());
  }
  request.tls = (*settings)->tls;
  request.plain_allowed = (*settings)->insecure;
  if (asked.body != nullptr) {
    // A registry reads and hashes all of it before it answers.
    request.timeouts.stall *= kPatienceWithUploads;
  }
  if (!asked.accept.empty()) {
    request.headers.push_back("Accept: " + asked.accept);
  }
  if (!asked.content_type.empty()) {
    request.headers.push_back("Content-Type: " + asked.content_type);
  }
  if (authorized && !authorization_.empty()) {
    request.headers.push_back("Authorization: " + authorization_);
  }
  if (scheme_.empty() && url.scheme == "https" && is_loopback(host_)) {
    request.timeouts.connect = std::min(request.timeouts.connect, kLoopbackTlsTimeout);
  }
  std::string error_body;
  const BodySink only_success = [&](const HttpResponse& response,
                                    std::string_view bytes) -> Result<void> {
    if (is_success(response.status)) {
      return sink(response, bytes);
    }
    error_body.append(bytes.substr(0, kMaxErrorBytes - error_body.size()));
    return {};
  };
  auto response = http_.send(request, only_success);
  if (!response) {
    return tl::unexpected<TransportError>(response.error());
  }
  return Answer{std::move(*response), url, std::move(error_body)};
}

RegistryClient::Exchange RegistryClient::follow(const Url& origin,
                                                const Asked& asked,
                                                const BodySink& sink) {
  Url url = asked.url.value_or(origin);
  for (int redirects = 0;; ++redirects) {
    auto answer = send_once(url, asked, url.same_origin(origin), sink);
    if (!answer || !is_redirect(answer->response, asked.method) || redirects == kMaxRedirects) {
      return answer;
    }
    auto next = resolve_location(url, answer->response.header("location"));
    if (!next) {
      return refuse(next.error().context("the registry redirects to a place that is no URL"));
    }
    url = std::move(*next);
  }
}

RegistryClient::Exchange RegistryClient::exchange_origin(const Asked& asked, const BodySink& sink) {
  const auto url_with = [&](const std::string& scheme) {
    return Url::parse(format("{}://{}/v2/{}{}", scheme, host_, repository_, asked.path));
  };
  auto secure = url_with(scheme_.empty() ? "https" : scheme_);
  if (!secure) {
    return refuse(secure.error());
  }
  auto answer = follow(*secure, asked, sink);
  if (!scheme_.empty()) {
    return answer;
  }
  if (answer) {
    scheme_ = "https";
    return answer;
  }
  if (answer.error().kind != TransportFailure::unreachable &&
      answer.error().kind != TransportFailure::not_tls) {
    return answer;
  }
  auto plain = url_with("http");
  if (!plain) {
    return refuse(plain.error());
  }
  auto plain_answer = follow(*plain, asked, sink);
  if (plain_answer) {
    scheme_ = "http";
  }
  return plain_answer;
}

/// Who asks for a password, or names somebody to be shown it, has to be the registry: not the place
/// that it has sent us to.
bool RegistryClient::is_own(const Url& url) const {
  const auto own = Url::parse(format("{}://{}/", scheme_, host_));
  return own && own->same_origin(url);
}

RegistryClient::Exchange RegistryClient::exchange(const Asked& asked, const BodySink& sink) {
  if (std::chrono::steady_clock::now() >= authorized_until_) {
    authorization_.clear();
  }
  auto answer = exchange_origin(asked, sink);
  if (!answer || answer->response.status != 401 || !is_own(answer->url)) {
    return answer;
  }
  const auto authorized = authorize(answer->response);
  if (!authorized) {
    return refuse(authorized.error());
  }
  return *authorized ? exchange_origin(asked, sink) : answer;
}

std::optional<std::chrono::milliseconds> RegistryClient::pause_after(const Answer& answer,
                                                                     int failures) {
  if (!is_temporary(answer.response, answer.error_body)) {
    return std::nullopt;
  }
  const auto wanted = retry_after(answer.response);
  if (!wanted) {
    return pause_after_break(failures);
  }
  return *wanted > kLongestWait ? std::nullopt : std::optional<std::chrono::milliseconds>(*wanted);
}

std::chrono::milliseconds RegistryClient::pause_after_break(int failures) {
  return std::chrono::milliseconds(failures == 1 ? 300 : 1000);
}

RegistryClient::Exchange RegistryClient::retry(const Attempt& attempt) {
  for (int count = 1;; ++count) {
    Exchange answer = attempt();
    std::optional<std::chrono::milliseconds> pause;
    if (answer) {
      pause = pause_after(*answer, count);
    } else if (answer.error().kind == TransportFailure::interrupted) {
      pause = pause_after_break(count);
    }
    if (!pause || count == kAttempts) {
      return answer;
    }
    LOG_INFO("attempt {} of {} failed, waiting {} ms", count, kAttempts, pause->count());
    std::this_thread::sleep_for(*pause);
  }
}

Result<std::string> RegistryClient::get_document(const Asked& asked, HttpResponse& response) {
  std::string body;
  const BodySink sink = collect(body, kMaxDocumentBytes, "the registry's document");
  Exchange answer = retry([&] {
    body.clear();
    return exchange(asked, sink);
  });
  if (!answer) {
    return fail(answer.error().error);
  }
  if (!is_success(answer->response.status)) {
    return fail(denied_or_failed(*answer, asked.subject, asked.name));
  }
  response = std::move(answer->response);
  return body;
}

Result<void> RegistryClient::check_login() {
  const Asked asked{.subject = Subject::login, .name = name_};
  const Exchange answer = retry([&] { return ask(asked); });
  if (!answer) {
    return fail(answer.error().error);
  }
  if (!is_success(answer->response.status)) {
    return fail(status_error(answer->response, answer->error_body, asked.subject, asked.name));
  }
  return {};
}

Result<FetchedManifest> RegistryClient::manifest(const std::string& selector) {
  const Asked asked{.path = format("/manifests/{}", selector),
                    .accept = accepted_manifest_types(),
                    .subject = Subject::manifest,
                    .name = name_};
  HttpResponse response;
  TRY_ASSIGN(std::string bytes, get_document(asked, response));
  FetchedManifest fetched{std::move(bytes), response.header("content-type"), sha256("")};
  fetched.digest = sha256(fetched.bytes);
  const std::string named = response.header("docker-content-digest");
  const auto wanted = Digest::parse(selector);
  if ((wanted && *wanted != fetched.digest) ||
      (named.starts_with("sha256:") && named != fetched.digest.string())) {
    return fail(
        ErrorCode::integrity,
        format("the manifest that the registry serves for '{}' has digest {}, not {}", name_,
               fetched.digest.string(), wanted ? wanted->string() : text::sanitize(named)));
  }
  return fetched;
}

Result<std::string> RegistryClient::document(const Descriptor& blob) {
  if (blob.size_bytes > kMaxDocumentBytes) {
    return fail(ErrorCode::integrity,
                format("the image's config claims to have {} bytes", blob.size_bytes));
  }
  const Asked asked{.path = format("/blobs/{}", blob.digest.string()),
                    .subject = Subject::blob,
                    .name = blob.digest.string()};
  HttpResponse response;
  TRY_ASSIGN(std::string bytes, get_document(asked, response));
  if (bytes.size() != blob.size_bytes || sha256(bytes) != blob.digest) {
    return fail(ErrorCode::integrity,
                format("the registry serves other bytes for blob {}", blob.digest.string()));
  }
  return bytes;
}

}  // namespace devenv::image::registry

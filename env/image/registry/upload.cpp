// SPDX-License-Identifier: MIT
// RegistryClient: the calls that change a repository.
// Source: OCI distribution-spec 1.1, "Push".
#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/answers.hpp"
#include "env/image/registry/registry_client.hpp"

namespace devenv::image::registry {
namespace {

constexpr long kCreated = 201;
constexpr long kAccepted = 202;

/// Where an upload goes on: the answer's Location with the digest added to its query.
Result<Url> finish_location(const Url& base, const HttpResponse& response, const Digest& digest) {
  const std::string location = response.header("location");
  if (location.empty()) {
    return fail(ErrorCode::network, "the registry does not say where to send a blob");
  }
  TRY_ASSIGN_CONTEXT(Url url, resolve_location(base, location),
                     "the registry wants a blob sent to a place that is no URL");
  url.target += url.target.find('?') == std::string::npos ? '?' : '&';
  url.target += "digest=" + percent_encode(digest.string());
  return url;
}

tl::unexpected<TransportError> refuse(const Error& error) {
  return tl::unexpected<TransportError>({TransportFailure::refused, error});
}

}  // namespace

RegistryClient::Asked RegistryClient::push_request(HttpMethod method, std::string path) const {
  return {.path = std::move(path),
          .url = std::nullopt,
          .method = method,
          .body = nullptr,
          .content_type = method == HttpMethod::head ? "" : "application/octet-stream",
          .accept = "",
          .range = "",
          .subject = Subject::push,
          .name = name_};
}

RegistryClient::Exchange RegistryClient::ask(const Asked& asked) {
  return exchange(asked, [](const HttpResponse&, std::string_view) { return Result<void>{}; });
}

Result<bool> RegistryClient::has_blob(const Digest& digest) {
  const Asked asked = push_request(HttpMethod::head, format("/blobs/{}", digest.string()));
  const Exchange answer = retry([&] { return ask(asked); });
  if (!answer) {
    return fail(answer.error().error);
  }
  if (answer->response.status == 404) {
    return false;
  }
  if (!is_success(answer->response.status)) {
    const Subject subject = access_.push ? Subject::push : Subject::manifest;
    return fail(denied_or_failed(*answer, subject, name_));
  }
  return true;
}

Result<bool> RegistryClient::mount_blob(const Digest& digest, const std::string& from_repository) {
  const Asked asked = push_request(
      HttpMethod::post, format("/blobs/uploads/?mount={}&from={}", percent_encode(digest.string()),
                               percent_encode(from_repository)));
  const Exchange answer = retry([&] { return ask(asked); });
  if (!answer) {
    return fail(answer.error().error);
  }
  // 202 is the start of an upload, which the registry forgets after a while. An error may be about
  // the other repository; one about this repository will be met again.
  return answer->response.status == kCreated;
}

RegistryClient::Exchange RegistryClient::upload_once(const Digest& digest, const HttpBody& bytes) {
  Exchange begun = ask(push_request(HttpMethod::post, "/blobs/uploads/"));
  if (!begun || begun->response.status != kAccepted) {
    return begun;
  }
  auto url = finish_location(begun->url, begun->response, digest);
  if (!url) {
    return refuse(url.error());
  }
  Asked asked = push_request(HttpMethod::put, "");
  asked.url = std::move(*url);
  asked.body = &bytes;
  return ask(asked);
}

Result<void> RegistryClient::upload(const Digest& digest, const HttpBody& bytes) {
  const Exchange answer = retry([&] { return upload_once(digest, bytes); });
  if (!answer) {
    return fail(answer.error().error.context(format("cannot send blob {}", digest.abbreviated())));
  }
  if (!is_success(answer->response.status)) {
    return fail(denied_or_failed(*answer, Subject::push, name_));
  }
  return {};
}

Result<void> RegistryClient::put_manifest(const std::string& selector,
                                          std::string_view bytes,
                                          const std::string& media_type) {
  const HttpBody body = body_of(bytes);
  Asked asked = push_request(HttpMethod::put, format("/manifests/{}", selector));
  asked.body = &body;
  asked.content_type = media_type;
  const Exchange answer = retry([&] { return ask(asked); });
  if (!answer) {
    return fail(answer.error().error.context("cannot send the manifest"));
  }
  if (!is_success(answer->response.status)) {
    return fail(denied_or_failed(*answer, Subject::push, name_));
  }
  return {};
}

Result<void> RegistryClient::check_manifest(const Digest& digest) {
  Asked asked = push_request(HttpMethod::head, format("/manifests/{}", digest.string()));
  asked.accept = accepted_manifest_types();
  const Exchange answer = retry([&] { return ask(asked); });
  if (!answer) {
    return fail(answer.error().error.context("cannot look whether the manifest has arrived"));
  }
  const std::string named = answer->response.header("docker-content-digest");
  if (!is_success(answer->response.status) || (!named.empty() && named != digest.string())) {
    return fail(ErrorCode::integrity,
                format("the registry took the manifest but does not have {} (HTTP {})",
                       digest.string(), answer->response.status));
  }
  return {};
}

}  // namespace devenv::image::registry

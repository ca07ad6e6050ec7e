// SPDX-License-Identifier: MIT
#include "env/image/registry/web_file.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/content_range.hpp"
#include "env/image/registry/rate_limit.hpp"
#include "env/image/registry/status_error.hpp"

namespace devenv::image::registry {
namespace {

constexpr int kMaxRedirects = 10;
/// An attempt that brought this much was worth it; the count of failures starts anew.
constexpr std::uint64_t kWorthwhileBytes = 1024U * 1024;
constexpr int kFailuresInARow = 3;
constexpr std::chrono::milliseconds kWait{500};
constexpr std::chrono::seconds kLongestWait{10};

using Exchange = tl::expected<HttpResponse, TransportError>;

tl::unexpected<TransportError> refuse(Error error) {
  return tl::unexpected<TransportError>({TransportFailure::refused, std::move(error)});
}

bool is_redirect(const HttpResponse& response) {
  const long status = response.status;
  return ((status >= 301 && status <= 303) || status == 307 || status == 308) &&
         !response.header("location").empty();
}

Error refusal(const Url& url, const HttpResponse& response) {
  const long status = response.status;
  const std::string where = shown_url(url);
  if (status == 404 || status == 410) {
    return Error(ErrorCode::not_found, format("there is no '{}' (HTTP {})", where, status));
  }
  const auto wait = retry_after(response);
  const Error error(ErrorCode::network,
                    format("the server answered HTTP {} for '{}'", status, where));
  if (status == 401 || status == 403) {
    return error.with_hint("download it by other means, and give the file");
  }
  return wait ? error.with_hint(format("try again in {}", describe_duration(*wait))) : error;
}

/// Follows redirects. The sink only gets bodies of answers that are none.
Exchange get(HttpClient& client, HttpRequest request, const BodySink& sink) {
  request.plain_allowed = true;
  request.of_registry = false;
  for (int redirects = 0;; ++redirects) {
    const BodySink body = [&](const HttpResponse& response, std::string_view bytes) {
      return response.status >= 200 && response.status < 300 ? sink(response, bytes)
                                                             : Result<void>();
    };
    Exchange answer = client.send(request, body);
    if (!answer || !is_redirect(*answer)) {
      return answer;
    }
    if (redirects == kMaxRedirects) {
      return refuse(Error(ErrorCode::network, format("'{}' is redirected more than {} times",
                                                     shown_url(request.url), kMaxRedirects)));
    }
    auto next = resolve_location(request.url, answer->header("location"));
    if (!next) {
      return refuse(next.error().context("the server redirects to a place that is no URL"));
    }
    if (request.url.scheme == "https" && next->scheme != "https") {
      return refuse(Error(ErrorCode::network,
                          format("'{}' is redirected to '{}', which would be asked without TLS",
                                 shown_url(request.url), shown_url(*next))));
    }
    request.url = std::move(*next);
  }
}

/// What names a version for good: not a weak tag, which may name several. Source: RFC 9110, 13.1.5.
std::string version_of(const HttpResponse& response) {
  const std::string tag = response.header("etag");
  return !tag.empty() && !tag.starts_with("W/") ? tag : response.header("last-modified");
}

/// One file on its way.
class Transfer {
 public:
  Transfer(const Url& url, std::uint64_t max_bytes, WebTarget& target)
      : url_(url), max_bytes_(max_bytes), target_(target) {}

  /// From where on is asked; 0: everything.
  std::uint64_t begin_attempt() {
    started_ = false;
    if (target_.version.empty() || give_up_ranges_) {
      return 0;
    }
    return target_.have;
  }
  void give_up_ranges() { give_up_ranges_ = true; }
  /// Once after an attempt that met another version: everything is to be fetched.
  bool take_changed() { return std::exchange(changed_, false); }

  Result<void> take(const HttpResponse& response, std::string_view bytes) {
    TRY(begin(response));
    if (bytes.size() > max_bytes_ - std::min(target_.have, max_bytes_)) {
      return fail(too_large());
    }
    TRY(target_.append(bytes));
    target_.have += bytes.size();
    target_.progress(target_.have, total_);
    return {};
  }

  /// After an answer that came to its regular end.
  Result<void> finish(const HttpResponse& response) {
    TRY(begin(response));
    if (total_ != 0 && target_.have != total_) {
      return fail(ErrorCode::network,
                  format("'{}' has {} bytes, but {} came", shown_url(url_), total_, target_.have));
    }
    return {};
  }

 private:
  Result<void> begin(const HttpResponse& response) {
    if (std::exchange(started_, true)) {
      return {};
    }
    if (response.status == 206) {
      const auto range = parse_content_range(response.header("content-range"));
      if (!range || range->first != target_.have) {
        return fail(
            ErrorCode::integrity,
            format("the server sends another part of '{}' than was asked for", shown_url(url_)));
      }
      if (const std::string version = version_of(response);
          !version.empty() && version != target_.version) {
        // Not every server knows If-Range.
        changed_ = give_up_ranges_ = true;
        target_.have = 0;
        TRY(target_.restart(""));
        return fail(ErrorCode::network, "it has changed since the download began");
      }
      total_ = range->total.value_or(0);
    } else {
      total_ = text::parse_number(response.header("content-length")).value_or(0);
      target_.version = version_of(response);
      target_.have = 0;
      TRY(target_.restart(target_.version));
    }
    return total_ > max_bytes_ ? fail(too_large()) : Result<void>();
  }

  Error too_large() const {
    return Error(ErrorCode::integrity, format("'{}' has more than {} bytes, the limit for images",
                                              shown_url(url_), max_bytes_))
        .with_hint("DEVENV_IMAGE_MAX_SIZE sets the limit");
  }

  const Url& url_;
  std::uint64_t max_bytes_;
  WebTarget& target_;
  std::uint64_t total_ = 0;  ///< 0: not known
  bool started_ = false;
  bool give_up_ranges_ = false;
  bool changed_ = false;
};

/// "bytes */1234", with an answer that what was asked for begins behind the end. Source: RFC 9110,
/// 15.5.17.
bool is_all_there(const HttpResponse& response, std::uint64_t have) {
  return response.header("content-range") == format("bytes */{}", have);
}

}  // namespace

std::string shown_url(const Url& url) {
  const std::string all = url.string();
  return text::sanitize(all.substr(0, all.find('?')));
}

Result<void> download_web_file(const Url& url,
                               const Timeouts& timeouts,
                               std::uint64_t max_bytes,
                               WebTarget& target) {
  HttpClient client;
  Transfer transfer(url, max_bytes, target);
  const BodySink sink = [&](const HttpResponse& response, std::string_view bytes) {
    return transfer.take(response, bytes);
  };
  for (int failures = 0;;) {
    const std::uint64_t before = target.have;
    HttpRequest request{.url = url, .timeouts = timeouts};
    if (const std::uint64_t first = transfer.begin_attempt(); first > 0) {
      request.range = format("{}-", first);
      request.headers.push_back("If-Range: " + target.version);
    }
    const bool asked_for_part = !request.range.empty();
    const Exchange answer = get(client, std::move(request), sink);
    Error error(ErrorCode::network, "the server closed the connection");
    if (transfer.take_changed()) {
      LOG_INFO("{}: it has changed, so it is fetched anew", shown_url(url));
      continue;
    }
    if (answer && (answer->status == 200 || answer->status == 206)) {
      const auto finished = transfer.finish(*answer);
      if (finished || finished.error().code() != ErrorCode::network) {
        return finished;
      }
      error = finished.error();
    } else if (answer && answer->status == 416 && asked_for_part) {
      if (is_all_there(*answer, target.have)) {
        return {};
      }
      transfer.give_up_ranges();
      continue;
    } else if (answer) {
      error = refusal(url, *answer);
      const auto wait = retry_after(*answer);
      if (!is_temporary(*answer, "") || (wait && *wait > kLongestWait)) {
        return fail(error);
      }
    } else {
      error = answer.error().error;
      if (answer.error().kind != TransportFailure::interrupted) {
        return fail(error);
      }
    }
    const bool worthwhile = target.have > before && target.have - before >= kWorthwhileBytes;
    failures = worthwhile ? 0 : failures + 1;
    if (failures == kFailuresInARow) {
      return fail(
          error.context(format("'{}' broke off after {} bytes", shown_url(url), target.have)));
    }
    LOG_INFO("{}: going on after {} bytes: {}", shown_url(url), target.have, error.to_line());
    std::this_thread::sleep_for(kWait * (failures + 1));
  }
}

Result<std::optional<std::string>> read_web_file(const Url& url,
                                                 const Timeouts& timeouts,
                                                 std::size_t max_bytes) {
  HttpClient client;
  std::string body;
  const BodySink sink = [&](const HttpResponse&, std::string_view bytes) -> Result<void> {
    if (body.size() + bytes.size() > max_bytes) {
      return fail(ErrorCode::integrity,
                  format("'{}' has more than {} bytes", shown_url(url), max_bytes));
    }
    body.append(bytes);
    return {};
  };
  for (int failures = 1;; ++failures) {
    body.clear();
    const Exchange answer = get(client, {.url = url, .timeouts = timeouts}, sink);
    if (answer && answer->status == 200) {
      return body;
    }
    if (answer && (answer->status == 404 || answer->status == 410 || answer->status == 403)) {
      return std::nullopt;
    }
    const bool temporary =
        answer ? is_temporary(*answer, "") : answer.error().kind == TransportFailure::interrupted;
    if (!temporary || failures == kFailuresInARow) {
      return fail(answer ? refusal(url, *answer) : answer.error().error);
    }
    std::this_thread::sleep_for(kWait * failures);
  }
}

}  // namespace devenv::image::registry

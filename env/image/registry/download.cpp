// SPDX-License-Identifier: MIT
// RegistryClient::download: a blob in as many requests as it takes.
#include <algorithm>
#include <array>
#include <optional>
#include <thread>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/image/registry/content_range.hpp"
#include "env/image/registry/registry_client.hpp"

namespace devenv::image::registry {
namespace {

/// An attempt that brought this much was worth it; the count of failures starts anew.
constexpr std::uint64_t kWorthwhileBytes = 1024U * 1024;
constexpr int kFailuresInARow = 3;

/// One blob on its way. Checks what the registry says about the part it sends.
class Transfer {
 public:
  Transfer(const Descriptor& blob,
           std::uint64_t have,
           std::optional<std::uint64_t> end,
           const RegistryClient::Append& append)
      : blob_(blob),
        have_(have),
        end_(end.value_or(blob.size_bytes)),
        needs_ranges_(end.has_value()),
        append_(append) {}

  std::uint64_t have() const { return have_; }
  bool complete() const { return have_ == end_; }
  /// A part, or nothing.
  bool needs_ranges() const { return needs_ranges_; }
  /// "" for all of it. Closed, because some registries refuse open ranges (HTTP 416).
  std::string next_range() const {
    const bool whole = have_ == 0 && !needs_ranges_;
    return whole || !ranges_ ? "" : format("{}-{}", have_, end_ - 1);
  }
  void start() { started_ = false; }
  void give_up_ranges() { ranges_ = false; }

  Result<void> take(const HttpResponse& response, std::string_view bytes) {
    if (!started_) {
      TRY(begin(response));
    }
    const std::size_t passed_over = std::min<std::uint64_t>(skip_, bytes.size());
    skip_ -= passed_over;
    bytes.remove_prefix(passed_over);
    if (bytes.size() > end_ - have_) {
      return wrong_size("more than");
    }
    TRY(append_(bytes));
    have_ += bytes.size();
    return {};
  }

  /// After an answer that came to its regular end.
  Result<void> finish(const HttpResponse& response) {
    if (!started_) {
      TRY(begin(response));
    }
    // A chunked answer has no Content-Length that could have told at the start.
    if (response.status == 200 && !complete()) {
      return wrong_size("fewer than");
    }
    return {};
  }

 private:
  Result<void> begin(const HttpResponse& response) {
    started_ = true;
    if (response.status == 206) {
      skip_ = 0;
      const auto range = parse_content_range(response.header("content-range"));
      if (!range || range->first != have_ || (range->total && *range->total != blob_.size_bytes)) {
        return fail(ErrorCode::integrity,
                    format("the registry sends another part of blob {} than was asked for",
                           blob_.digest.string()));
      }
      return {};
    }
    if (needs_ranges_) {
      return fail(ErrorCode::unsupported, "the registry sends no parts of blobs");
    }
    skip_ = have_;
    const std::string length = response.header("content-length");
    if (!length.empty() && length != std::to_string(blob_.size_bytes)) {
      return wrong_size(length.size() < 20 ? length + " instead of" : "other than");
    }
    return {};
  }

  tl::unexpected<Error> wrong_size(std::string_view relation) const {
    return fail(ErrorCode::integrity, format("the registry serves {} the {} bytes that blob {} has",
                                             relation, blob_.size_bytes, blob_.digest.string()));
  }

  const Descriptor& blob_;
  std::uint64_t have_;
  std::uint64_t end_;
  bool needs_ranges_;
  const RegistryClient::Append& append_;
  std::uint64_t skip_ = 0;
  bool started_ = false;
  bool ranges_ = true;
};

/// Some registries, and what is in front of them, refuse ranges, and the whole may still be had.
bool may_concern_range(long status) {
  constexpr std::array<long, 6> kStatuses = {400, 403, 405, 412, 416, 501};
  return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end();
}

Error refused_part(const Error& error) {
  return Error(ErrorCode::unsupported, "no part of the blob is to be had: " + error.to_line());
}

}  // namespace

Result<void> RegistryClient::download(const Descriptor& blob,
                                      std::uint64_t have,
                                      const Append& append) {
  return transfer(blob, have, std::nullopt, append);
}

Result<void> RegistryClient::download_part(const Descriptor& blob,
                                           std::uint64_t begin,
                                           std::uint64_t end,
                                           const Append& append) {
  return transfer(blob, begin, end, append);
}

Result<void> RegistryClient::transfer(const Descriptor& blob,
                                      std::uint64_t begin,
                                      std::optional<std::uint64_t> end,
                                      const Append& append) {
  Transfer transfer(blob, begin, end, append);
  const BodySink sink = [&](const HttpResponse& response, std::string_view bytes) {
    return transfer.take(response, bytes);
  };
  int failures = 0;
  while (!transfer.complete()) {
    const std::uint64_t before = transfer.have();
    transfer.start();
    const Asked asked{.path = format("/blobs/{}", blob.digest.string()),
                      .range = transfer.next_range(),
                      .subject = Subject::blob,
                      .name = blob.digest.string()};
    const Exchange answer = exchange(asked, sink);
    auto pause = pause_after_break(failures + 1);
    Error error(ErrorCode::network, "the registry closed the connection");
    if (!answer) {
      error = answer.error().error;
      if (answer.error().kind != TransportFailure::interrupted) {
        return fail(error);
      }
    } else if (answer->response.status == 416 && !asked.range.empty() && !transfer.needs_ranges()) {
      transfer.give_up_ranges();
      continue;
    } else if (answer->response.status == 200 || answer->response.status == 206) {
      TRY(transfer.finish(answer->response));
    } else {
      error = denied_or_failed(*answer, asked.subject, asked.name);
      const auto wanted = pause_after(*answer, failures + 1);
      if (!wanted) {
        const bool refused = transfer.needs_ranges() &&
                             may_concern_range(answer->response.status) &&
                             !is_temporary(answer->response, answer->error_body);
        return fail(refused ? refused_part(error) : error);
      }
      pause = *wanted;
    }
    if (transfer.complete()) {
      break;
    }
    failures = transfer.have() - before >= kWorthwhileBytes ? 0 : failures + 1;
    if (failures == kFailuresInARow) {
      return fail(error.context(format("blob {} broke off after {} of {} bytes",
                                       blob.digest.string(), transfer.have(), blob.size_bytes)));
    }
    LOG_INFO("blob {}: going on after {} of {} bytes: {}", blob.digest.abbreviated(),
             transfer.have(), blob.size_bytes, error.to_line());
    std::this_thread::sleep_for(pause);
  }
  return {};
}

}  // namespace devenv::image::registry

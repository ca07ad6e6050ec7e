// SPDX-License-Identifier: MIT
// What devenv-image tells devenv: one JSON document per line on a pipe.
//
//   {"event":"step","message":"..."}
//   {"event":"warning","message":"...","hint":"..."}
//   {"event":"progress","id":"...","activity":"...","done_bytes":0,"total_bytes":0,"finished":false}
//   {"event":"result","image":{...}}
//   {"event":"result","layer":{"diff_id":"...","chain_id":"...","size_bytes":0}}
//   {"event":"result","feature":{"manifest":"...","feature":{...},"files":[...]}}
//   {"event":"result","run":{"entrypoint":[...],"command":[...],...}}
//   {"event":"result","name":{"reference":"..."}}
//   {"event":"result","login":{"registry":"...","places":["..."],"left":["..."]}}
//   {"event":"error","error":{"code":"...","message":"...","causes":["..."],"hint":"..."}}
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "env/base/json.hpp"
#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/feature.hpp"
#include "env/image/login_record.hpp"
#include "env/image/record.hpp"
#include "env/image/run_config.hpp"
#include "env/image/sealed_layer.hpp"

namespace devenv::image {

/// An image's name in full: "docker.io/library/debian:13".
struct FullName {
  std::string reference;

  Json to_json() const;
  /// Errors: integrity.
  static Result<FullName> from_json(const Json& json);
  bool operator==(const FullName&) const = default;
};

/// What a command of devenv-image gives.
using WorkerResult =
    std::variant<ImageRecord, SealedLayer, StoredFeature, RunConfig, LoginRecord, FullName>;

/// The sending side. A write that fails is ignored: the reader is gone and will be noticed (a
/// program that uses this ignores SIGPIPE). A line is one write: lines of several processes on one
/// pipe do not mix as long as they are shorter than PIPE_BUF.
class EventWriter final : public Reporter {
 public:
  explicit EventWriter(int fd) : fd_(fd) {}
  void step(std::string_view message) override;
  void warn(std::string_view message, std::string_view hint) override;
  void progress(std::string_view id,
                std::string_view activity,
                std::uint64_t done,
                std::uint64_t total,
                bool finished) override;
  void result(const WorkerResult& result);
  void error(const Error& error);

 private:
  void send(const Json& event);
  int fd_;
};

/// The receiving side: hands steps, warnings and progress to `reporter`. The outcome when the line
/// was "result" or "error", nullopt otherwise. A malformed line is an integrity error outcome.
/// The sender handles bytes from outside, so its texts are made safe for a terminal here as well.
std::optional<Result<WorkerResult>> handle_event(std::string_view line, Reporter& reporter);

/// {"code","message","causes","hint"}: also the document of `--json` failures.
Json error_to_json(const Error& error);
Error error_from_json(const Json& json);

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
#include "env/image/worker_events.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::image {
namespace {

/// A chain of causes has a handful of links; what is beyond has no reader.
constexpr std::size_t kMaxCauses = 32;

Result<std::string> get_text(const Json& json, std::string_view key) {
  TRY_ASSIGN(const std::string text, json::get_string(json, key));
  return text::sanitize(text);
}

Result<void> report_progress(const Json& event, Reporter& reporter) {
  TRY_ASSIGN(const std::string id, get_text(event, "id"));
  TRY_ASSIGN(const std::string activity, get_text(event, "activity"));
  TRY_ASSIGN(const std::uint64_t done, json::get_uint(event, "done_bytes"));
  TRY_ASSIGN(const std::uint64_t total, json::get_uint(event, "total_bytes"));
  TRY_ASSIGN(const bool finished, json::get_bool(event, "finished"));
  reporter.progress(id, activity, done, total, finished);
  return {};
}

using Outcome = std::optional<Result<WorkerResult>>;

Result<Outcome> read_result(const Json& event) {
  if (json::find(event, "layer") != nullptr) {
    TRY_ASSIGN(const Json* layer, json::get_object(event, "layer"));
    TRY_ASSIGN(SealedLayer sealed, SealedLayer::from_json(*layer));
    return Outcome(std::move(sealed));
  }
  if (json::find(event, "feature") != nullptr) {
    TRY_ASSIGN(const Json* feature, json::get_object(event, "feature"));
    TRY_ASSIGN(StoredFeature stored, StoredFeature::from_json(*feature));
    return Outcome(std::move(stored));
  }
  if (json::find(event, "run") != nullptr) {
    TRY_ASSIGN(const Json* run, json::get_object(event, "run"));
    TRY_ASSIGN(RunConfig config, RunConfig::from_json(*run));
    return Outcome(std::move(config));
  }
  if (json::find(event, "name") != nullptr) {
    TRY_ASSIGN(const Json* name, json::get_object(event, "name"));
    TRY_ASSIGN(FullName full, FullName::from_json(*name));
    return Outcome(std::move(full));
  }
  if (json::find(event, "login") != nullptr) {
    TRY_ASSIGN(const Json* login, json::get_object(event, "login"));
    TRY_ASSIGN(LoginRecord record, LoginRecord::from_json(*login));
    return Outcome(std::move(record));
  }
  TRY_ASSIGN(const Json* image, json::get_object(event, "image"));
  TRY_ASSIGN(ImageRecord record, ImageRecord::from_json(*image));
  return Outcome(std::move(record));
}

/// The Result is about the line, the Outcome inside is what the line says.
Result<Outcome> read_event(std::string_view line, Reporter& reporter) {
  TRY_ASSIGN(const Json event, json::parse(line));
  TRY_ASSIGN(const std::string kind, json::get_string(event, "event"));
  if (kind == "progress") {
    TRY(report_progress(event, reporter));
    return Outcome();
  }
  if (kind == "step") {
    TRY_ASSIGN(const std::string message, get_text(event, "message"));
    reporter.step(message);
    return Outcome();
  }
  if (kind == "warning") {
    TRY_ASSIGN(const std::string message, get_text(event, "message"));
    reporter.warn(message, text::sanitize(json::string_or(event, "hint", "")));
    return Outcome();
  }
  if (kind == "result") {
    return read_result(event);
  }
  if (kind == "error") {
    TRY_ASSIGN(const Json* error, json::get_object(event, "error"));
    return Outcome(fail(error_from_json(*error)));
  }
  return fail(ErrorCode::integrity, format("event '{}' is not known", text::sanitize(kind)));
}

}  // namespace

Json FullName::to_json() const {
  return {{"reference", reference}};
}

Result<FullName> FullName::from_json(const Json& json) {
  TRY_ASSIGN(std::string reference, json::get_string(json, "reference"));
  return FullName{std::move(reference)};
}

void EventWriter::send(const Json& event) {
  (void)sys::write_all(fd_, json::dump(event, -1) + "\n");
}

void EventWriter::step(std::string_view message) {
  send({{"event", "step"}, {"message", message}});
}

void EventWriter::warn(std::string_view message, std::string_view hint) {
  send({{"event", "warning"}, {"message", message}, {"hint", hint}});
}

void EventWriter::progress(std::string_view id,
                           std::string_view activity,
                           std::uint64_t done,
                           std::uint64_t total,
                           bool finished) {
  send({{"event", "progress"},
        {"id", id},
        {"activity", activity},
        {"done_bytes", done},
        {"total_bytes", total},
        {"finished", finished}});
}

void EventWriter::result(const WorkerResult& result) {
  if (const auto* record = std::get_if<ImageRecord>(&result)) {
    send({{"event", "result"}, {"image", record->to_json()}});
  } else if (const auto* layer = std::get_if<SealedLayer>(&result)) {
    send({{"event", "result"}, {"layer", layer->to_json()}});
  } else if (const auto* run = std::get_if<RunConfig>(&result)) {
    send({{"event", "result"}, {"run", run->to_json()}});
  } else if (const auto* login = std::get_if<LoginRecord>(&result)) {
    send({{"event", "result"}, {"login", login->to_json()}});
  } else if (const auto* name = std::get_if<FullName>(&result)) {
    send({{"event", "result"}, {"name", name->to_json()}});
  } else {
    send({{"event", "result"}, {"feature", std::get<StoredFeature>(result).to_json()}});
  }
}

void EventWriter::error(const Error& error) {
  send({{"event", "error"}, {"error", error_to_json(error)}});
}

std::optional<Result<WorkerResult>> handle_event(std::string_view line, Reporter& reporter) {
  auto outcome = read_event(line, reporter);
  if (!outcome) {
    return Outcome(fail(outcome.error().context("devenv-image sent a line that is no event")));
  }
  return std::move(*outcome);
}

Json error_to_json(const Error& error) {
  Json causes = Json::array();
  for (const Error* cause = error.cause(); cause != nullptr && causes.size() < kMaxCauses;
       cause = cause->cause()) {
    causes.push_back(cause->message());
  }
  return Json{{"code", to_string(error.code())},
              {"message", error.message()},
              {"causes", std::move(causes)},
              {"hint", error.hint()}};
}

Error error_from_json(const Json& json) {
  const ErrorCode code = error_code_from_string(json::string_or(json, "code", ""));
  std::vector<std::string> messages = {json::string_or(json, "message", "unknown error")};
  if (auto causes = json::get_strings(json, "causes")) {
    causes->resize(std::min(causes->size(), kMaxCauses));
    messages.insert(messages.end(), causes->begin(), causes->end());
  }
  // Built from the inside out: the last cause is the innermost.
  Error error(code, text::sanitize(messages.back()));
  for (std::size_t i = messages.size() - 1; i > 0; --i) {
    error = error.context(text::sanitize(messages[i - 1]));
  }
  return error.with_hint(text::sanitize(json::string_or(json, "hint", "")));
}

}  // namespace devenv::image

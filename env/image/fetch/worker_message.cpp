// SPDX-License-Identifier: MIT
#include "env/image/fetch/worker_message.hpp"

#include <algorithm>
#include <cstring>

#include "env/base/json.hpp"
#include "env/image/worker_events.hpp"

namespace devenv::image::fetch {
namespace {

/// An unpacker of 5 million entries names at most that many paths.
constexpr std::uint64_t kMaxMessageBytes = 1ULL << 30U;
/// Before the error of a FailureMessage.
constexpr char kAsAsked = 'a';
constexpr std::size_t kHeaderBytes = sizeof(std::uint64_t) + 1;

enum class Kind : char {
  progress = 'p',
  activity = 'a',
  done = 'd',
  outcome = 'o',
  failure = 'f',
  text = 't',
};

class Writer {
 public:
  void number(std::uint64_t value) {
    // Both ends are the same program on the same machine: no byte order to care about.
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }
  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const std::string& value : values) {
      text(value);
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what Writer wrote. After a failure every further read fails as well; ok() tells.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (rest_.size() < sizeof value) {
      failed_ = true;
      rest_ = {};
      return 0;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> values;
    for (std::uint64_t count = number(); count > 0 && !failed_; --count) {
      values.push_back(text());
    }
    return values;
  }
  bool ok() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::string frame(Kind kind, std::string_view payload) {
  Writer header;
  header.number(payload.size());
  std::string bytes = header.take();
  bytes += static_cast<char>(kind);
  bytes += payload;
  return bytes;
}

std::string encode(const LayerOutcome& outcome) {
  Writer writer;
  writer.text(outcome.digest.string());
  writer.text(outcome.diff_id.string());
  writer.number(outcome.tar_bytes);
  writer.text(outcome.architecture);
  writer.number(outcome.unpacked.entries);
  writer.number(outcome.unpacked.bytes);
  writer.number(outcome.unpacked.newest);
  writer.texts(outcome.unpacked.implicit_directories);
  writer.texts(outcome.unpacked.warnings);
  writer.number(outcome.unpacked.lower_hard_links.size());
  for (const LowerHardLink& link : outcome.unpacked.lower_hard_links) {
    writer.text(link.path);
    writer.text(link.target);
  }
  return writer.take();
}

tl::unexpected<Error> malformed() {
  return fail(ErrorCode::integrity, "a worker process sent a message that cannot be read");
}

Result<LayerOutcome> decode_outcome(std::string_view payload) {
  Reader reader(payload);
  TRY_ASSIGN(Digest digest, Digest::parse(reader.text()));
  TRY_ASSIGN(Digest diff_id, Digest::parse(reader.text()));
  LayerOutcome outcome{std::move(digest), std::move(diff_id), 0, {}, ""};
  outcome.tar_bytes = reader.number();
  outcome.architecture = reader.text();
  outcome.unpacked.entries = reader.number();
  outcome.unpacked.bytes = reader.number();
  outcome.unpacked.newest = reader.number();
  outcome.unpacked.implicit_directories = reader.texts();
  outcome.unpacked.warnings = reader.texts();
  std::uint64_t links = reader.number();
  if (links > payload.size()) {
    return malformed();
  }
  for (; links > 0; --links) {
    LowerHardLink link;
    link.path = reader.text();
    link.target = reader.text();
    outcome.unpacked.lower_hard_links.push_back(std::move(link));
  }
  if (!reader.ok()) {
    return malformed();
  }
  return outcome;
}

Result<Message> decode(Kind kind, std::string_view payload) {
  switch (kind) {
    case Kind::progress: {
      Reader reader(payload);
      const ProgressMessage message{reader.number()};
      return reader.ok() ? Result<Message>(message) : malformed();
    }
    case Kind::activity:
      return Message(ActivityMessage{std::string(payload)});
    case Kind::text:
      return Message(TextMessage{std::string(payload)});
    case Kind::done: {
      Reader reader(payload);
      DoneMessage message;
      message.standing.began = reader.number();
      message.standing.current = reader.number();
      message.standing.failures = reader.texts();
      return reader.ok() ? Result<Message>(std::move(message)) : malformed();
    }
    case Kind::outcome: {
      TRY_ASSIGN(LayerOutcome outcome, decode_outcome(payload));
      return Message(OutcomeMessage{std::move(outcome)});
    }
    case Kind::failure: {
      const bool as_asked = payload.starts_with(kAsAsked);
      payload.remove_prefix(std::min<std::size_t>(payload.size(), 1));
      TRY_ASSIGN(const Json json, json::parse(payload));
      return Message(FailureMessage{error_from_json(json), as_asked});
    }
  }
  return malformed();
}

struct Encoder {
  std::string operator()(const ProgressMessage& message) const {
    Writer writer;
    writer.number(message.done_bytes);
    return frame(Kind::progress, writer.take());
  }
  std::string operator()(const ActivityMessage& message) const {
    return frame(Kind::activity, message.text);
  }
  std::string operator()(const DoneMessage& message) const {
    Writer writer;
    writer.number(message.standing.began);
    writer.number(message.standing.current);
    writer.texts(message.standing.failures);
    return frame(Kind::done, writer.take());
  }
  std::string operator()(const OutcomeMessage& message) const {
    return frame(Kind::outcome, encode(message.outcome));
  }
  std::string operator()(const TextMessage& message) const {
    return frame(Kind::text, message.text);
  }
  std::string operator()(const FailureMessage& message) const {
    return frame(Kind::failure, (message.as_asked ? kAsAsked : '-') +
                                    json::dump(error_to_json(message.error), -1));
  }
};

}  // namespace

std::string encode_message(const Message& message) {
  return std::visit(Encoder{}, message);
}

Result<std::optional<Message>> MessageReader::next() {
  if (buffer_.size() < kHeaderBytes) {
    return std::nullopt;
  }
  std::uint64_t size = 0;
  std::memcpy(&size, buffer_.data(), sizeof size);
  if (size > kMaxMessageBytes) {
    return malformed();
  }
  if (buffer_.size() - kHeaderBytes < size) {
    return std::nullopt;
  }
  const auto kind = static_cast<Kind>(buffer_[sizeof size]);
  TRY_ASSIGN(Message message, decode(kind, std::string_view(buffer_).substr(kHeaderBytes, size)));
  buffer_.erase(0, kHeaderBytes + size);
  return std::optional<Message>(std::move(message));
}

}  // namespace devenv::image::fetch

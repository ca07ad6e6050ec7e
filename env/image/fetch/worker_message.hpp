// SPDX-License-Identifier: MIT
// What producers and unpackers tell the foreman through their pipe.
//
// A binary form, because paths of an image are any bytes: a length, a kind, then the fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "env/base/result.hpp"
#include "env/image/fetch/layer_job.hpp"

namespace devenv::image::fetch {

/// How many of the layer's bytes (as they come) have been worked on.
struct ProgressMessage {
  std::uint64_t done_bytes = 0;
};
struct ActivityMessage {
  std::string text;
};
/// A producer has delivered everything; a downloader says where from.
struct DoneMessage {
  Download::Standing standing;
};
struct OutcomeMessage {
  LayerOutcome outcome;
};
struct FailureMessage {
  Error error;
  bool as_asked = false;  ///< the bytes have the digest that was asked for: nobody has better ones
};
/// What run_confined returns.
struct TextMessage {
  std::string text;
};
using Message = std::variant<ProgressMessage,
                             ActivityMessage,
                             DoneMessage,
                             OutcomeMessage,
                             FailureMessage,
                             TextMessage>;

std::string encode_message(const Message& message);

/// Puts messages together from pieces of the stream.
class MessageReader {
 public:
  void add(std::string_view bytes) { buffer_.append(bytes); }
  /// The next whole message; nullopt when more bytes are needed. Errors: integrity.
  Result<std::optional<Message>> next();

 private:
  std::string buffer_;
};

}  // namespace devenv::image::fetch

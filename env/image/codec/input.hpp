// SPDX-License-Identifier: MIT
// A window over a ByteSource: what decoders read from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/codec/byte_source.hpp"

namespace devenv::image {

/// Bytes that were read and not consumed yet.
class Input {
 public:
  explicit Input(ByteSource& source) : source_(source), buffer_(kBlockSize) {}

  std::span<const char> available() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t count) { begin_ += count; }
  /// How many bytes came from the source so far.
  std::uint64_t received() const { return received_; }
  /// Nothing is left, neither here nor in the source.
  bool at_end() const { return source_ended_ && begin_ == end_; }

  /// One read of the source when nothing is available.
  Result<void> refill() { return begin_ == end_ && !source_ended_ ? read_more() : Result<void>{}; }

  /// The next bytes without consuming them: `count` (at most kBlockSize), or fewer at the end.
  Result<std::span<const char>> peek(std::size_t count) {
    while (end_ - begin_ < count && !source_ended_) {
      TRY(read_more());
    }
    return available().first(std::min(count, end_ - begin_));
  }

 private:
  Result<void> read_more() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    TRY_ASSIGN(const std::size_t count, source_.read(std::span(buffer_).subspan(end_)));
    end_ += count;
    received_ += count;
    source_ended_ = count == 0;
    return {};
  }

  ByteSource& source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t received_ = 0;
  bool source_ended_ = false;
};

}  // namespace devenv::image

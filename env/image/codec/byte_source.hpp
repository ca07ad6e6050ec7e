// SPDX-License-Identifier: MIT
// Streams of bytes, chained: download -> hash -> decompress -> hash -> tar reader.
#pragma once

#include <cstddef>
#include <span>

#include "env/base/result.hpp"

namespace devenv::image {

/// Something bytes can be read from, once, in order.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  /// Fills at most `buffer` and returns how many bytes; 0 only at the end. Blocks.
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;
  /// The next bytes where they lie, or in `buffer`; valid until the next call. Empty only at the
  /// end.
  virtual Result<std::span<const char>> next(std::span<char> buffer) {
    TRY_ASSIGN(const std::size_t count, read(buffer));
    return buffer.first(count);
  }
};

/// How large the blocks are that the chain passes on.
constexpr std::size_t kBlockSize = 256U * 1024;

}  // namespace devenv::image

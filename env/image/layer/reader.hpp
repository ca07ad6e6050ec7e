// SPDX-License-Identifier: MIT
// Reads a tar: the one place that includes libarchive.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "env/base/result.hpp"
#include "env/image/codec/byte_source.hpp"
#include "env/image/layer/entry.hpp"

namespace devenv::image {

/// The entries of a tar (ustar, pax, GNU, with sparse files), one after the other. Nothing is
/// checked here but the format.
class TarReader {
 public:
  /// `source` must outlive the reader. It gives decompressed bytes.
  explicit TarReader(ByteSource& source);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// The next entry, nullptr at the end; valid until the next call. No bytes at all are an archive
  /// without entries.
  /// Errors: integrity when it is no tar or a damaged one; the source's own.
  Result<const Entry*> next();

  struct Block {
    std::span<const char> bytes;
    std::uint64_t offset = 0;  ///< in the file: what lies before and was not given is a hole
  };
  /// The next piece of the current entry's contents, nullopt at their end. The bytes are those of
  /// the source's block: nothing is copied.
  Result<std::optional<Block>> next_block();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace devenv::image

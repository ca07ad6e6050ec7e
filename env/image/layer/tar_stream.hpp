// SPDX-License-Identifier: MIT
// Gathers the small pieces of a tar into large writes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/codec/byte_sink.hpp"
#include "env/image/layer/entry.hpp"
#include "env/image/layer/tar_header.hpp"

namespace devenv::image {

/// Files are read right into its buffer: contents are not copied.
class TarStream {
 public:
  explicit TarStream(ByteSink& sink) : sink_(sink), buffer_(kBufferBytes) {}

  Result<void> add_header(const Entry& entry) {
    header_.clear();
    append_tar_header(entry, header_);
    if (header_.size() > room()) {
      TRY(flush());
    }
    if (header_.size() > room()) {
      return sink_.write(header_);  // very many large attributes
    }
    std::copy(header_.begin(), header_.end(), free_part().begin());
    used_ += header_.size();
    return {};
  }

  /// Reads at most `limit` bytes with read(span) -> Result<size_t>; how many came, 0 at the end.
  template <typename Read>
  Result<std::size_t> add_bytes(std::uint64_t limit, Read read) {
    if (room() < kLeastRead) {
      TRY(flush());
    }
    const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(limit, room()));
    TRY_ASSIGN(const std::size_t count, read(free_part().first(most)));
    used_ += count;
    return count;
  }

  Result<void> add_zeros(std::size_t count) {
    if (count > room()) {
      TRY(flush());
    }
    std::fill_n(free_part().begin(), count, '\0');
    used_ += count;
    return {};
  }

  /// The two empty blocks at the end.
  Result<void> finish() {
    TRY(add_zeros(2 * kTarBlock));
    return flush();
  }

 private:
  static constexpr std::size_t kBufferBytes = 1024U * 1024;
  static constexpr std::size_t kLeastRead = 64U * 1024;

  std::size_t room() const { return buffer_.size() - used_; }
  std::span<char> free_part() { return std::span<char>(buffer_).subspan(used_); }

  Result<void> flush() {
    TRY(sink_.write({buffer_.data(), used_}));
    used_ = 0;
    return {};
  }

  ByteSink& sink_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::string header_;
};

}  // namespace devenv::image

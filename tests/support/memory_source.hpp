// SPDX-License-Identifier: MIT
// Byte sources for tests.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "env/image/codec/byte_source.hpp"

namespace devenv::test {

/// Gives `bytes` in pieces of at most `piece` bytes; then, if set, fails with `error_at_end`.
class MemorySource final : public image::ByteSource {
 public:
  explicit MemorySource(std::string bytes, std::size_t piece = image::kBlockSize)
      : bytes_(std::move(bytes)), piece_(piece) {}
  MemorySource(std::string bytes, std::size_t piece, std::string error_at_end)
      : bytes_(std::move(bytes)), piece_(piece), error_(std::move(error_at_end)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t count = std::min({buffer.size(), piece_, bytes_.size() - position_});
    if (count == 0 && !error_.empty()) {
      return fail(ErrorCode::network, error_);
    }
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(position_), count, buffer.begin());
    position_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t piece_;
  std::string error_;
  std::size_t position_ = 0;
};

/// Gives `block` again and again, `count` times.
class RepeatingSource final : public image::ByteSource {
 public:
  RepeatingSource(std::string block, std::size_t count) : block_(std::move(block)), left_(count) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    if (position_ == block_.size()) {
      position_ = 0;
      --left_;
    }
    if (left_ == 0) {
      return std::size_t{0};
    }
    const std::size_t count = std::min(buffer.size(), block_.size() - position_);
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(position_), count, buffer.begin());
    position_ += count;
    return count;
  }

 private:
  std::string block_;
  std::size_t left_;
  std::size_t position_ = 0;
};

/// Everything that `source` gives, read in blocks of `block` bytes.
inline Result<std::string> read_everything(image::ByteSource& source,
                                           std::size_t block = image::kBlockSize) {
  std::string all;
  std::string buffer(block, '\0');
  while (true) {
    TRY_ASSIGN(const std::size_t count, source.read(buffer));
    if (count == 0) {
      return all;
    }
    all.append(buffer, 0, count);
  }
}

}  // namespace devenv::test

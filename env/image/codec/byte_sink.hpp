// SPDX-License-Identifier: MIT
// The other direction of byte_source.hpp: tree -> tar -> hash -> compress -> hash -> file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "env/base/result.hpp"
#include "env/image/codec/hash.hpp"

namespace devenv::image {

/// Something bytes are written to, once, in order.
class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;

  virtual Result<void> write(std::string_view bytes) = 0;
};

/// Hashes bytes and passes them on, if there is anybody who wants them.
class HashingSink final : public ByteSink {
 public:
  HashingSink() = default;
  explicit HashingSink(ByteSink& next) : next_(&next) {}
  Result<void> write(std::string_view bytes) override {
    count_ += bytes.size();
    hash_.update(bytes);
    return next_ == nullptr ? Result<void>{} : next_->write(bytes);
  }
  std::uint64_t count() const { return count_; }
  /// The digest of everything. Once, at the end.
  Digest finish() { return hash_.finish(); }

 private:
  ByteSink* next_ = nullptr;
  std::uint64_t count_ = 0;
  Sha256 hash_;
};

}  // namespace devenv::image

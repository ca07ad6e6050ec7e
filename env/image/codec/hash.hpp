// SPDX-License-Identifier: MIT
// SHA-256 (OpenSSL EVP): the one place that includes OpenSSL.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "env/base/digest.hpp"
#include "env/image/codec/byte_source.hpp"

namespace devenv::image {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  /// Once, at the end.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(std::string_view bytes);

/// The chain id of a stack of layers. Source: OCI image-spec, config.md, "Layer ChainID".
Digest chain_id(const std::optional<Digest>& parent, const Digest& diff_id);

/// Passes bytes on and hashes them; fails with integrity as soon as more than `limit` bytes came.
class HashingSource final : public ByteSource {
 public:
  HashingSource(ByteSource& inner, std::uint64_t limit) : inner_(inner), limit_(limit) {}
  Result<std::size_t> read(std::span<char> buffer) override;
  std::uint64_t count() const { return count_; }
  /// Reads what is left, then the digest of everything. Once.
  Result<Digest> finish();

 private:
  ByteSource& inner_;
  std::uint64_t limit_;
  std::uint64_t count_ = 0;
  Sha256 hash_;
};

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
#include "env/image/codec/hash.hpp"

#include <openssl/evp.h>

#include <array>
#include <exception>
#include <vector>

#include "env/base/format.hpp"

namespace devenv::image {
namespace {

/// OpenSSL's digest calls fail without memory or without the algorithm (a broken installation):
/// nothing that a caller could handle, and going on would accept data unchecked.
void require(bool done) {
  if (!done) {
    std::terminate();
  }
}

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context{::EVP_MD_CTX_new(),
                                                                    &::EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(state_->context != nullptr &&
          ::EVP_DigestInit_ex(state_->context.get(), ::EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  require(::EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned length = 0;
  require(::EVP_DigestFinal_ex(state_->context.get(), hash.data(), &length) == 1);
  return Digest::from_bytes({reinterpret_cast<const char*>(hash.data()), length});
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

Digest chain_id(const std::optional<Digest>& parent, const Digest& diff_id) {
  return parent ? sha256(parent->string() + " " + diff_id.string()) : diff_id;
}

Result<std::size_t> HashingSource::read(std::span<char> buffer) {
  TRY_ASSIGN(const std::size_t count, inner_.read(buffer));
  if (count > limit_ - count_) {
    return fail(ErrorCode::integrity, format("more than the expected {} bytes", limit_));
  }
  count_ += count;
  hash_.update({buffer.data(), count});
  return count;
}

Result<Digest> HashingSource::finish() {
  std::vector<char> rest(kBlockSize);
  while (true) {
    TRY_ASSIGN(const std::size_t count, read(rest));
    if (count == 0) {
      return hash_.finish();
    }
  }
}

}  // namespace devenv::image

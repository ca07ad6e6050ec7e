// SPDX-License-Identifier: MIT
#include "env/base/sha256.hpp"

#include <sha2.h>  // libmd

#include <array>
#include <string>

namespace devenv {

Digest sha256_of(std::string_view bytes) {
  SHA2_CTX context{};
  SHA256Init(&context);
  SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256Final(digest.data(), &context);
  return Digest::from_bytes({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Digest sha256_of_list(std::initializer_list<std::string_view> texts) {
  std::string all;
  for (const std::string_view text : texts) {
    all += std::to_string(text.size()) + ":";
    all += text;
  }
  return sha256_of(all);
}

}  // namespace devenv

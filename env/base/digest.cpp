// SPDX-License-Identifier: MIT
#include "env/base/digest.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv {
namespace {
constexpr std::string_view kPrefix = "sha256:";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kHexLength = 64;
}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  if (!text.starts_with(kPrefix)) {
    return fail(ErrorCode::integrity,
                format("digest '{}' is not a sha256 digest", text::sanitize(text.substr(0, 100))));
  }
  const std::string_view hex = text.substr(kPrefix.size());
  if (hex.size() != kHexLength || hex.find_first_not_of(kHexDigits) != std::string_view::npos) {
    return fail(ErrorCode::integrity, format("digest '{}' is not 64 lower-case hex digits",
                                             text::sanitize(text.substr(0, 100))));
  }
  return Digest(std::string(text));
}

Digest Digest::from_bytes(std::string_view bytes32) {
  std::string text(kPrefix);
  for (const char c : bytes32) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kHexDigits[byte >> 4U], kHexDigits[byte & 0xfU]};
  }
  return Digest(std::move(text));
}

}  // namespace devenv

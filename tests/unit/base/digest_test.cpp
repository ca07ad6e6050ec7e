// SPDX-License-Identifier: MIT
#include "env/base/digest.hpp"

#include <doctest/doctest.h>

using devenv::Digest;
using devenv::ErrorCode;

namespace {
const std::string kHex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
}  // namespace

TEST_CASE("digest: parses sha256 and gives its parts") {
  const auto digest = Digest::parse("sha256:" + kHex);
  REQUIRE(digest);
  CHECK(digest->string() == "sha256:" + kHex);
  CHECK(digest->hex() == kHex);
  CHECK(digest->abbreviated() == "0123456789ab");
}

TEST_CASE("digest: refuses everything that could become another path or another algorithm") {
  const std::string upper = "sha256:" + std::string(64, 'A');
  for (const std::string& text :
       {std::string(), std::string("sha256:"), kHex, "sha512:" + kHex + kHex,
        "sha256:" + kHex + "0", "sha256:" + kHex.substr(1), upper, "SHA256:" + kHex,
        "sha256:../" + kHex.substr(3), "sha256:" + kHex.substr(1) + "/",
        "sha256:" + kHex.substr(1) + std::string(1, '\0'), "\x1b[2J" + kHex}) {
    CAPTURE(text);
    const auto digest = Digest::parse(text);
    REQUIRE_FALSE(digest);
    CHECK(digest.error().code() == ErrorCode::integrity);
    CHECK(digest.error().message().find('\x1b') == std::string::npos);
    CHECK(digest.error().message().find('\0') == std::string::npos);
  }
}

TEST_CASE("digest: is made of 32 bytes and ordered by its text") {
  std::string bytes;
  for (int i = 0; i < 32; ++i) {
    bytes += static_cast<char>(i * 8);
  }
  const Digest digest = Digest::from_bytes(bytes);
  CHECK(digest.hex() == "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8");
  CHECK(Digest::parse(digest.string()) == digest);
  CHECK(digest < Digest::from_bytes(std::string(32, '\1')));
}

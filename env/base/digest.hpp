// SPDX-License-Identifier: MIT
// The value "sha256:<64 hex digits>". Computing one is image/hash.hpp: only programs that handle
// bytes from outside link a hash library.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "env/base/result.hpp"

namespace devenv {

/// A checked content digest; sha256 only.
/// Source: OCI image-spec, descriptor.md, "Digests".
class Digest {
 public:
  /// Errors: integrity for anything but "sha256:" and 64 lower-case hex digits.
  static Result<Digest> parse(std::string_view text);

  /// From the 32 raw bytes of a SHA-256.
  static Digest from_bytes(std::string_view bytes32);

  /// "sha256:<hex>"
  const std::string& string() const { return text_; }
  /// The 64 hex digits, safe as a file name.
  std::string hex() const { return text_.substr(text_.find(':') + 1); }
  /// The first 12 hex digits, for people.
  std::string abbreviated() const { return hex().substr(0, 12); }

  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace devenv

// SPDX-License-Identifier: MIT
// What the store knows of one image: all that creating an environment needs, in one small document.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/json.hpp"
#include "env/base/result.hpp"

namespace devenv::image {

struct ImageRecord {
  std::string reference;  ///< canonical: Reference::string(), or "localhost/..." for imports
  Digest manifest_digest;
  Digest config_digest;
  std::vector<Digest> layers;            ///< chain ids, lowest first
  std::string architecture;              ///< OCI name: "amd64", "arm64"
  std::vector<std::string> environment;  ///< config.Env, "NAME=value"
  std::uint64_t size_bytes = 0;          ///< of all unpacked layers
  std::string created_at;                ///< RFC 3339 UTC: when the image was made; "" if unknown
  std::string pulled_at;                 ///< RFC 3339 UTC: when it came into the store

  Json to_json() const;
  /// Errors: integrity, naming the member that is wrong.
  static Result<ImageRecord> from_json(const Json& json);

  bool operator==(const ImageRecord&) const = default;
};

/// The current time as RFC 3339 UTC with seconds: "2026-11-22T03:00:00Z".
std::string current_timestamp();
/// The same form of `seconds` since 1970; nothing is later than the year 9999.
std::string timestamp(std::uint64_t seconds);
/// Whether `text` has the form of an RFC 3339 date and time, fractions and zone included.
bool is_timestamp(std::string_view text);

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
// What the store knows of one image: all that creating an environment needs, in one small document.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/json.hpp"
#include "env/base/result.hpp"

namespace devenv::image {

struct ImageRecord {
  std::string reference;         ///< canonical: Reference::string(), or "localhost/..." for imports
  Digest manifest_digest;
  Digest config_digest;
  std::vector<Digest> layers;    ///< chain ids, lowest first
  std::string architecture;      ///< OCI name: "amd64", "arm64"
  std::vector<std::string> environment;  ///< config.Env, "NAME=value"
  std::uint64_t size_bytes = 0;  ///< of all unpacked layers
  std::string created_at;        ///< RFC 3339 UTC: when the image was made; "" if unknown
  std::string pulled_at;         ///< RFC 3339 UTC: when it came into the store

  Json to_json() const;
  static Result<ImageRecord> from_json(const Json& json);
};

/// The current time as RFC 3339 UTC with seconds: "2026-11-22T03:00:00Z".
std::string current_timestamp();

}  // namespace devenv::image

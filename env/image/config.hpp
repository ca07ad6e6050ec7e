// SPDX-License-Identifier: MIT
// An image's config: how its programs want to be run, and what its layers are once decompressed.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/platform.hpp"

namespace devenv::image {

/// Source: OCI image-spec, config.md. All text comes from outside: sanitize it before people see
/// it.
struct ImageConfig {
  Platform platform;                     ///< architecture is "" when the image does not say
  std::string created_at;                ///< RFC 3339; "" if unknown or malformed
  std::vector<std::string> environment;  ///< "NAME=value"; entries that are not are left out
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;  ///< config.Cmd
  std::string working_directory;     ///< "" if not given
  std::string user;                  ///< "user", "uid", "user:group"...; "" is root
  std::map<std::string, std::string> labels;
  std::vector<Digest> diff_ids;  ///< digests of the uncompressed layers, lowest first
};

/// Reads a Docker or OCI image config. The caller has compared the digest of `text`.
/// Errors: integrity (malformed, or not exactly `layer_count` diff ids); unsupported when the image
/// is not for Linux.
Result<ImageConfig> parse_config(std::string_view text, std::size_t layer_count);

}  // namespace devenv::image

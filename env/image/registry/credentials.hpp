// SPDX-License-Identifier: MIT
// User names and passwords for registries, as podman, docker and skopeo keep them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/reference.hpp"

namespace devenv::image::registry {

struct Credentials {
  std::string user;
  std::string password;

  /// The value of an Authorization header: "Basic ...".
  std::string basic() const;
  bool operator==(const Credentials&) const = default;
};

/// The entry of "auths" that fits `reference` best: that of its repository or of the longest path
/// above it, up to the registry's host. Keys may have a scheme in front and "/v1/" behind them, as
/// docker writes its own registry's. nullopt when there is none with a password.
/// Errors: integrity for a file or an entry that is malformed. Nothing of a secret is ever part of
/// a message. Source: containers-auth.json(5), "FORMAT".
Result<std::optional<Credentials>> find_credentials(std::string_view file_contents,
                                                    const Reference& reference);

/// Where they may be, in the order in which they are looked at: $REGISTRY_AUTH_FILE alone when it
/// is set; else $XDG_RUNTIME_DIR/containers/auth.json, $XDG_CONFIG_HOME/containers/auth.json
/// (default:
/// ~/.config) and $DOCKER_CONFIG/config.json (default: ~/.docker).
/// Source: containers-auth.json(5).
std::vector<std::string> credential_files(
    const std::function<std::string(const char*)>& get_variable);

/// The credentials for a reference in the first of these files that has some. A file that cannot be
/// read has none, but for the one that $REGISTRY_AUTH_FILE names.
Result<std::optional<Credentials>> load_credentials(
    const Reference& reference, const std::function<std::string(const char*)>& get_variable);

std::string encode_base64(std::string_view bytes);
/// nullopt when it is malformed.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace devenv::image::registry

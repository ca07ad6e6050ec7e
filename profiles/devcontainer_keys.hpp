// SPDX-License-Identifier: MIT
// Keys of a devcontainer.json that nothing is made of, and why.
// Source: Dev Container metadata reference and its schema.
#pragma once

#include <optional>
#include <string_view>

namespace devenv::profiles {

/// Why nothing is made of a key; "" when there is nothing to say of it. nullopt for a key that
/// something is made of, and for one that is not known.
std::optional<std::string_view> remark_of_key(std::string_view key);

/// What to do instead of a feature of ghcr.io/devcontainers/features; "" when it is installed.
std::string_view remark_of_feature(std::string_view name);

}  // namespace devenv::profiles

// SPDX-License-Identifier: MIT
// One devenv.toml on top of another. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "profiles/toml_internal.hpp"

namespace devenv::profiles {

/// Both have passed the schema. Tables are merged key by key; lists of which a project has one for
/// many things (packages, shares, mounts, setup steps...) add up; what is one value, though it may
/// be written as a list (a command), is replaced.
void merge_project(TomlValue& onto, const TomlValue& top);

/// "4G": bytes, with K, M, G or T for powers of 1024. nullopt for less than 1M,
/// and for what is none.
std::optional<std::uint64_t> parse_memory(std::string_view text);

}  // namespace devenv::profiles

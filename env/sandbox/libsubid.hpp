// SPDX-License-Identifier: MIT
// Subordinate ids from SSSD, FreeIPA and the like, through shadow's library.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/sandbox/id_map.hpp"

namespace devenv::sandbox {

enum class IdKind { user, group };

/// The ranges of `owner` as libsubid gives them. nullopt when the library is not installed or does
/// not answer. The library is loaded when this is called: few hosts need it, and loading it at each
/// start would cost them all.
std::optional<std::vector<SubordinateRange>> ranges_from_libsubid(const std::string& owner,
                                                                  IdKind kind);

}  // namespace devenv::sandbox

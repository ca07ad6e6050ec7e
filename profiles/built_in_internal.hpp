// SPDX-License-Identifier: MIT
// The profiles and package managers that are a part of the program. The definitions are generated
// by embed.cmake.
#pragma once

#include <span>
#include <string_view>

namespace devenv::profiles {

struct BuiltIn {
  std::string_view name;
  std::string_view text;
};

/// Sorted by name.
std::span<const BuiltIn> built_in_profiles();
/// Sorted by name.
std::span<const BuiltIn> built_in_managers();

}  // namespace devenv::profiles

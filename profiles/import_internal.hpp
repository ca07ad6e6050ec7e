// SPDX-License-Identifier: MIT
// What imports have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devenv::profiles {

/// A name for an environment of what people call a project: "c-node" for "C++ & Node". "" when
/// nothing is left of it.
std::string environment_name(std::string_view title);

/// Whether shells can set a variable of that name.
bool is_variable_name(std::string_view name);

/// The values that devenv.toml takes at [table] key; the others become notes.
std::vector<std::string> acceptable(std::string_view table,
                                    std::string_view key,
                                    const std::vector<std::string>& values,
                                    std::vector<std::string>& notes);

}  // namespace devenv::profiles

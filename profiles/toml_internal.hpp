// SPDX-License-Identifier: MIT
// What the readers of our TOML files share.
#pragma once

#include <string>
#include <string_view>

#include "env/base/toml.hpp"
#include "profiles/profile.hpp"

namespace devenv::profiles {

using Position = TomlPosition;

/// The root table, or what is wrong with the text. `file` is only named in the diagnostic.
tl::expected<TomlValue, Diagnostic> parse_toml(std::string_view text, const std::string& file);

/// A table of tools that was checked.
ToolPackages read_tools(const TomlValue& table);

/// `share` and `no-share` of a table that was checked.
host::ShareChoice read_shares(const TomlValue& table);

}  // namespace devenv::profiles

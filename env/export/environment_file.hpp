// SPDX-License-Identifier: MIT
// The files that EnvironmentFile= names. Source: systemd.exec(5) of systemd 252.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace devenv::exporting {

/// Name and value of each variable, in their order. Lines that set none are left out.
std::vector<std::pair<std::string, std::string>> parse_environment_file(std::string_view text);

}  // namespace devenv::exporting

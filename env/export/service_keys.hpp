// SPDX-License-Identifier: MIT
// What becomes of the keys of a unit that are taken as they are, or not at all.
#pragma once

#include <string_view>

namespace devenv::exporting {

enum class Fate {
  kept,
  isolated,  ///< takes rights away; what is inside is apart already, and could not be entered
  told,      ///< left out, and the user is told
  silent,    ///< left out; nobody misses it
  special,   ///< service_unit.cpp knows
};

/// Of [Service], for user units and those of the system.
Fate fate_in_service(std::string_view key, std::string_view value, bool of_system);
/// Of [Unit].
Fate fate_in_unit(std::string_view key, bool of_system);

/// A key of [Unit] whose value is a list of units.
bool is_dependency(std::string_view key);
/// One that starts the other unit, or fails without it.
bool pulls_in(std::string_view key);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// "%n" and its like: those that would be something else on the host.
// Source: systemd.unit(5), "SPECIFIERS".
#pragma once

#include "env/export/service_unit.hpp"
#include "env/export/unit_file.hpp"

namespace devenv::exporting {

/// What is not the same on the host: names of the unit, and the directories of the system.
SpecifierValue specifiers_of(const ServiceInput& input);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// What is wrong with exported files, for doctor.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "env/export/host_files.hpp"
#include "env/export/ledger.hpp"

namespace devenv::exporting {

/// Files of a ledger that are not what was written. Both lists have paths on the host.
struct DamagedFiles {
  std::vector<std::string> missing;
  std::vector<std::string> changed;
};
DamagedFiles find_damaged(const Ledger& ledger);

/// Entries, commands and units on the host that say that devenv made them, and of which no ledger
/// knows: their environment was deleted by hand, say. `known`: the paths in all ledgers. Icons say
/// nothing about themselves and are not among them.
std::vector<std::string> find_orphans(const HostPlaces& places, const std::set<std::string>& known);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// Pure helpers of the id map, apart from the public header for the tests' sake.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/sandbox/id_map.hpp"

namespace devenv::sandbox {

/// What is written to /proc/PID/uid_map or gid_map. Source: user_namespaces(7).
std::string map_file_text(const std::vector<IdExtent>& extents);

/// The ids that exist in the namespace whose uid_map or gid_map this is.
std::vector<SubordinateRange> parse_own_ids(std::string_view map_text);

/// The parts of `ranges` that exist: in a container of others, /etc/subuid may promise more.
std::vector<SubordinateRange> clip(const std::vector<SubordinateRange>& ranges,
                                   const std::vector<SubordinateRange>& existing);

/// Each of the first kWantedIds ids mapped to itself, as far as they exist.
std::vector<IdExtent> identity_extents(const std::vector<SubordinateRange>& existing);

/// A range of kWantedIds that nobody has in these files, to be suggested to the user.
SubordinateRange free_range(std::string_view subordinate_files);

/// Whether nsswitch.conf(5) names a provider for subid other than the files.
bool names_subid_provider(std::string_view nsswitch);

}  // namespace devenv::sandbox

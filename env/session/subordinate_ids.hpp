// SPDX-License-Identifier: MIT
// The user's subordinate ids inside: what podman, buildah and devenv itself need to run in an
// environment. Pure text in, text out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/sandbox/id_map.hpp"

namespace devenv::session {

/// /etc/subuid or /etc/subgid with the ids in it that the user may give away inside: all that
/// `map` has but their own and 0, which newuidmap with file capabilities may not map
/// (user_namespaces(7), "CAP_SETFCAP"). Idempotent; lines of others keep their bytes.
///
/// A line of the user, by name or number, that names an id the map does not have is dropped: such
/// ranges come from useradd, run where the image was made, and newuidmap would fail with them. With
/// one that is good, nothing is added.
/// Source: subuid(5). `own` is the user's uid or gid, as the file is.
std::string edit_subordinate_ids(std::string_view contents,
                                 const sys::User& user,
                                 std::uint32_t own,
                                 const std::vector<sandbox::IdExtent>& map);

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
// The user's own entries in an environment's root: account files, subordinate ids, sudoers, the
// sudo of ours.
#pragma once

#include <map>
#include <string>

#include "env/base/result.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sys/users.hpp"

namespace devenv::session {

/// Writes what is missing; an unchanged root is only read. No program of the image runs.
///
/// Called in the environment's namespaces before the root is changed, with new files belonging to
/// root; `map` is theirs. `group_name` is that of the user's primary group. Returns the login shell
/// inside.
Result<std::string> provision(int root,
                              const sys::User& user,
                              const std::string& group_name,
                              const sandbox::IdMap& map);

/// The account files (by name: passwd, group, shadow, gshadow, subuid, subgid) as provision would
/// write them for a user with this shell: for taking the user out of them again. Pure. Errors: as
/// edit_accounts.
using NamedFiles = std::map<std::string, std::string>;
Result<NamedFiles> with_user(const NamedFiles& files,
                             const sys::User& user,
                             const std::string& group_name,
                             const std::string& shell,
                             const sandbox::IdMap& map);

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
// Writing the id maps of a new user namespace, from outside.
#pragma once

#include <sys/types.h>

#include "env/base/result.hpp"
#include "env/sandbox/id_map.hpp"

namespace devenv::sandbox {

/// Maps the ids of the namespace that `pid` has just been born into: root writes the files itself,
/// others have newuidmap and newgidmap do it, both at once.
/// Errors: unsupported, with what to change on the host as the hint.
Result<void> write_id_maps(const IdMap& map, pid_t pid);

/// The error of a call that needs capabilities in a new namespace, with a hint when AppArmor is
/// known to take them away (Ubuntu 23.10 and later).
Error explain_denied(const Error& error);

/// The error of clone(2) with CLONE_NEWUSER, explained.
Error explain_no_user_namespace(const Error& error);

}  // namespace devenv::sandbox

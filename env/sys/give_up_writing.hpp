// SPDX-License-Identifier: MIT
// For programs that read bytes from outside and have nothing to do but to pass on what they read.
#pragma once

#include "env/base/result.hpp"

namespace devenv::sys {

/// This process, and all it starts from now on, can make, change and remove no file, use no TCP
/// port, and signal nobody but its own. What is open stays usable, reading and executing is not
/// changed; no program gives it other privileges any more (no_new_privs).
///
/// As much of this as the kernel knows: files from Linux 5.13 on, TCP from 6.7, signals from 6.12.
/// False where there is no Landlock. Errors: failed with errno when it is there and refuses.
/// Source: landlock(7).
Result<bool> give_up_writing();

}  // namespace devenv::sys

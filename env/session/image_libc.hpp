// SPDX-License-Identifier: MIT
// Which C library an image has, told from its files: nothing of it is run.
#pragma once

#include <string>
#include <vector>

namespace devenv::session {

/// Why programs made for glibc cannot run; "" when they can, or nothing is known. `trees` are the
/// image's layers and the upper directory, in any order. Debian has a package of musl, and Alpine
/// one that stands in for glibc: a loader of glibc decides.
std::string why_not_glibc(const std::vector<std::string>& trees);

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
// Attributes that file systems keep per file (ioctl_iflags(2)).
#pragma once

#include <string>

#include "env/base/result.hpp"

namespace devenv::sys {

/// FS_CASEFOLD_FL: names in this directory are looked up without regard to case. False where the
/// file system has no such attributes. Source: Documentation/admin-guide/ext4.rst,
/// "case-insensitive file name lookups".
Result<bool> ignores_case(const std::string& directory);

}  // namespace devenv::sys

// SPDX-License-Identifier: MIT
// Extended attributes (xattr(7)).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::sys {

/// Sets an attribute on an open file (not O_PATH).
Result<void> set_xattr(int fd, const std::string& name, std::string_view value);
/// Without following a link: `name_in_directory` beneath the open directory, through
/// /proc/self/fd.
Result<void> set_xattr_at(int directory,
                          const std::string& name_in_directory,
                          const std::string& name,
                          std::string_view value);
/// nullopt when the file has no such attribute.
Result<std::optional<std::string>> get_xattr_at(int directory,
                                                const std::string& name_in_directory,
                                                const std::string& name);
/// Names of all attributes that this process may see.
Result<std::vector<std::string>> list_xattrs_at(int directory,
                                                const std::string& name_in_directory);

}  // namespace devenv::sys

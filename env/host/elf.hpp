// SPDX-License-Identifier: MIT
// What has to be known of a shared library to put it where it is found.
#pragma once

#include <optional>
#include <string>

namespace devenv::host {

struct ElfLibrary {
  int bits = 64;       ///< 32 or 64
  std::string soname;  ///< DT_SONAME, what programs ask for; "" if it has none
};

/// nullopt when the open file is no shared library of this machine's byte order. Every offset in it
/// is taken for hostile. Source: elf(5).
std::optional<ElfLibrary> read_elf_library(int fd);

}  // namespace devenv::host

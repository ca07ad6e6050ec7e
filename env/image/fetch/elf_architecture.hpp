// SPDX-License-Identifier: MIT
// Which machine a root file system is for, when nobody has written it down: its programs know.
#pragma once

#include <string>
#include <string_view>

namespace devenv::image::fetch {

/// The OCI name of the machine an ELF file is for, from its first 20 bytes at least; "" when it is
/// no ELF file or the machine is not known. Source: elf(5), e_ident, e_machine.
std::string architecture_of_elf(std::string_view header);

/// The same for a tree: its shell, env, init or dynamic loader, resolved beneath `root`. "" when
/// it has none of them.
std::string architecture_of_tree(int root);

}  // namespace devenv::image::fetch

// SPDX-License-Identifier: MIT
// Which of the newer system calls this kernel has and this process may use.
#pragma once

#include <string_view>
#include <vector>

namespace devenv::sys {

enum class CallState {
  available,
  missing,  ///< the kernel is too old (ENOSYS), or a filter says so
  refused,  ///< a seccomp filter or security module denies it (EPERM)
};

struct KernelCall {
  std::string_view name;   ///< "openat2"
  std::string_view since;  ///< the kernel that brought it: "5.6"
  CallState state = CallState::available;
};

/// Tries each call in a way that changes nothing: distributions move features into older kernels,
/// so a version says little. Source: the VERSIONS sections of section 2 of the manual.
std::vector<KernelCall> probe_kernel_calls();

}  // namespace devenv::sys

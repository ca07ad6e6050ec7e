// SPDX-License-Identifier: MIT
// The running kernel.
#pragma once

#include <string>

namespace devenv::sys {

struct KernelInfo {
  std::string release;  ///< "6.1.0-18-amd64"
  std::string machine;  ///< "x86_64", "aarch64"; "i686" under a 32-bit personality
};

/// uname(2), which cannot fail for a valid buffer.
KernelInfo kernel_info();

}  // namespace devenv::sys

// SPDX-License-Identifier: MIT
#include "env/sys/kernel.hpp"

#include <sys/utsname.h>

namespace devenv::sys {

KernelInfo kernel_info() {
  struct utsname names {};
  (void)::uname(&names);
  return KernelInfo{.release = names.release, .machine = names.machine};
}

}  // namespace devenv::sys

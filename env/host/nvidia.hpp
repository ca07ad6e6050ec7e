// SPDX-License-Identifier: MIT
// NVIDIA's driver on this host. Its libraries have to be of the very version of the kernel's
// module, so an environment cannot bring them: they are the host's.
#pragma once

#include <string>
#include <vector>

#include "env/host/driver_files.hpp"

namespace devenv::host {

struct NvidiaFacts {
  std::vector<DriverFile> files;
  std::vector<std::string> variables;  ///< "NAME=value", from a CDI file
  std::string source;                  ///< the CDI file; "" when the files were searched for
  /// Paths that change when the driver is installed anew, and what they were like.
  std::vector<std::string> watched;
  std::string stamp;
  /// What is wrong with files of the host; nothing fails because of it.
  std::vector<std::string> warnings;
};

/// From a CDI file of kind nvidia.com/gpu if there is a usable one (/var/run/cdi before /etc/cdi,
/// as its specification has it), else by looking where distributions put the driver. `root` is the
/// host's; another one is for tests.
NvidiaFacts probe_nvidia(const std::string& root = "/");

/// What the watched paths are like now. Microseconds: one stat(2) each.
std::string nvidia_stamp(const std::vector<std::string>& watched, const std::string& root = "/");

}  // namespace devenv::host

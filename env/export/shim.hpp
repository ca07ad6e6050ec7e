// SPDX-License-Identifier: MIT
// The small script that stands for a command of an environment.
#pragma once

#include <string>
#include <string_view>

#include "env/export/ledger.hpp"

namespace devenv::exporting {

struct ShimInput {
  std::string environment_name;
  std::string environment_directory;  ///< envs/NAME: whether there is (still) such an environment
  std::string command;                ///< path inside
  std::string program;                ///< absolute path of devenv on the host
  ExportOptions options;
};

/// For sh. On the host, it runs the command in the environment; inside that environment, the
/// command itself; inside another one, through the host. When the environment is gone, it says so.
std::string shim_text(const ShimInput& input);

}  // namespace devenv::exporting

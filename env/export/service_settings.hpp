// SPDX-License-Identifier: MIT
// Of [Service], what has to be understood: who runs it and where, its variables and directories,
// how it says that it is ready.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/export/service_command.hpp"
#include "env/export/service_unit.hpp"
#include "env/export/unit_file.hpp"

namespace devenv::exporting {

struct ServiceSettings {
  ServiceCommands commands;
  std::vector<std::pair<std::string, std::string>> lines;  ///< key and value, for the host's unit
  std::vector<std::vector<std::string>> directories;       ///< commands that make them
  std::vector<std::string> start;                          ///< the values of ExecStart=
  std::vector<std::string> left_out;
  bool has_file_variables = false;
};

ServiceSettings settings_of(const std::vector<Assignment>& assignments, const ServiceInput& input);

/// The values of a list, after the last empty one.
std::vector<std::string> values_of(const std::vector<Assignment>& assignments,
                                   std::string_view section,
                                   std::string_view key);

}  // namespace devenv::exporting

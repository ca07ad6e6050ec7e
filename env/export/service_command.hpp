// SPDX-License-Identifier: MIT
// Command lines of a service, through `devenv run`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/export/unit_file.hpp"

namespace devenv::exporting {

/// A variable of a service: its text is "NAME=value", with specifiers.
struct ServiceVariable {
  std::string name;
  std::string text;
};

/// Whether a variable would change what devenv does on the host, or its dynamic loader, or what
/// sudo inside lets through: it is not set there, but for the command alone.
bool is_for_command_only(std::string_view name);

/// What all commands of a service have in common.
struct ServiceCommands {
  std::string environment_name;
  std::string program;                    ///< devenv
  bool through_sudo = false;              ///< they run as somebody else inside
  std::string user;                       ///< through_sudo: "" is root
  std::string group;                      ///< "" is that of the user
  bool only_start_as_user = false;        ///< PermissionsStartOnly=
  std::string directory;                  ///< where they start, with specifiers; "" is the home
  std::vector<std::string> crossing;      ///< names of variables that the host's manager has set
  std::vector<ServiceVariable> directly;  ///< those that is_for_command_only
  std::vector<std::string> arguments;     ///< after those of ExecStart=
  SpecifierValue specifiers;
};

/// The values of `key` ("ExecStart") on the host, one per command, for the value in the original.
std::vector<std::string> rewrite_commands(std::string_view key,
                                          std::string_view value,
                                          const ServiceCommands& commands);

/// A command of ours, run as root where the service is the system's: words as in a unit.
std::string own_command(const std::vector<std::string>& words, const ServiceCommands& commands);

/// The name of the program that `value` of ExecStart= starts, without its directory.
std::string program_name(std::string_view value);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// A command's flags and arguments as data: help, man pages and completion are made of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/commands.hpp"

namespace devenv::cmd {

struct FlagDescription {
  std::vector<std::string> names;  ///< "-f", "--force"
  std::string value;               ///< its name or the choices ("auto|copy"); empty: takes none
  std::string text;
  bool global = false;  ///< every command has it
};

struct ArgumentDescription {
  std::string name;  ///< as the synopsis shows it
  std::string kind;  ///< of cmd::kind, or choices
  std::string text;
  bool required = false;
  bool repeated = false;
};

struct CommandDescription {
  std::string path;
  std::string summary;
  std::vector<ArgumentDescription> arguments;  ///< with those of Rest last
  std::vector<FlagDescription> flags;          ///< its own first, then the global ones
  std::string details;  ///< paragraphs and examples below the flags; may be empty

  /// "devenv run [FLAGS] NAME COMMAND..."
  std::string synopsis() const;
};

CommandDescription describe(const Command& command);

/// The flags that every command has.
std::vector<FlagDescription> global_flags();

/// "-f", "--force"... of everything that `app` knows.
std::vector<std::string> flag_names(const CLI::App& app);

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// The parts of the sudo applet; sudo.cpp puts them together.
#pragma once

#include <optional>
#include <string_view>

#include "cmd/guest/accounts.hpp"
#include "cmd/guest/applets.hpp"
#include "cmd/guest/memory.hpp"

namespace devenv::guest {

/// What sudo calls secure_path, with Debian's value.
inline constexpr std::string_view kSecurePath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

enum class SudoMode {
  run,
  list,      ///< -l: what is allowed, or whether a command is there
  validate,  ///< -v
  forget,    ///< -k alone, -K: there are no credentials to forget
  version,
  help,
};

struct SudoOptions {
  SudoMode mode = SudoMode::run;
  const char* user = nullptr;   ///< NAME or #UID
  const char* group = nullptr;  ///< NAME or #GID
  const char* directory = nullptr;
  bool login = false;                 ///< -i
  bool shell = false;                 ///< -s
  bool keep_environment = false;      ///< -E
  bool set_home = false;              ///< -H
  bool keep_groups = false;           ///< -P
  bool background = false;            ///< -b
  unsigned close_from = 3;            ///< -C
  List<std::string_view> keep_names;  ///< --preserve-env=LIST
  List<char*> assignments;            ///< NAME=value before the command
  Arguments command;
};

/// Reads sudo's command line. On an error it is told on standard error, and the result is nullopt.
std::optional<SudoOptions> parse_sudo_options(Arguments arguments);

/// The one-paragraph usage text, to standard output or standard error.
void print_sudo_usage(int fd);

/// Becomes the image's own sudo if it has one that can work, with the privileges of the caller
/// only. Returns when there is none; exits when it cannot be run.
void become_real_sudo(Arguments arguments);

struct SudoSession {
  const SudoOptions* options;
  User target;
  User caller;
  std::string_view command_line;  ///< for SUDO_COMMAND
};

/// The environment of the command, ending with a null pointer: sudo's env_reset policy.
char** sudo_environment(char* const* environment, const SudoSession& session);

}  // namespace devenv::guest

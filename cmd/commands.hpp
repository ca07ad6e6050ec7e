// SPDX-License-Identifier: MIT
// The table of all commands. Dispatch, help, completion and man pages know only this.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace devenv::cmd {

struct Invocation;

/// Under which heading the help lists a command.
enum class Group { environments, projects, images, profiles, host, hidden };
std::string_view title(Group group);

/// Which words belong, untouched, to a command inside the environment.
enum class Rest {
  none,
  after_separator,          ///< everything after the first "--"
  after_first_argument,     ///< everything after the first argument; one "--" in front is dropped
  after_optional_argument,  ///< the same; a "--" before any argument says that there is none
};

struct Command {
  std::string_view path;   ///< "image pull"
  std::string_view alias;  ///< "ls"; empty if none
  Group group;
  Rest rest;
  std::string_view summary;  ///< one line without a full stop
  /// Declares flags and arguments and says what to run.
  void (*add)(CLI::App& app, Invocation& invocation);

  /// "image" of "image pull"; empty for a command of one word.
  std::string_view family() const {
    return path.substr(0, path.find(' ') == path.npos ? 0 : path.find(' '));
  }
};

/// In the order of the help.
std::span<const Command> commands();

/// By path or alias; nullptr if there is none.
const Command* find_command(std::string_view path);

/// One word that only stands before others: "image", "profile".
struct Family {
  std::string_view name;
  std::string_view summary;
};
std::span<const Family> families();
const Family* find_family(std::string_view name);

/// First words of all visible commands, for suggestions; with a family, the second ones.
std::vector<std::string> command_words(std::string_view family = {});

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "env/export/service_command.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::exporting {
namespace {

// clang-format off
constexpr std::string_view kForCommandOnly[] = {
    // devenv's own, and those of the programs that it calls
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "XDG_*", "DEVENV_*", "DBUS_SESSION_BUS_ADDRESS",
    "TERM", "MAIL", "PWD", "container",
    // the dynamic loader's, and what it takes from programs like sudo: ld.so(8)
    "LD_*", "GLIBC_TUNABLES", "GCONV_PATH", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH",
    "MALLOC_*", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TMPDIR", "TZDIR",
};
// clang-format on

/// What the manager tells commands about the main process: systemd.exec(5), "Environment variables
/// set or propagated by the service manager".
constexpr std::string_view kAboutMainProcess = "MAINPID,SERVICE_RESULT,EXIT_CODE,EXIT_STATUS";

/// What stands in front of a program (systemd.service(5), "Table 2").
struct Prefixes {
  bool argv0 = false;         ///< '@'
  bool forgiving = false;     ///< '-'
  bool no_variables = false;  ///< ':'
  bool privileged = false;    ///< '+', '!', "!!"
};

/// Takes them off.
Prefixes take_prefixes(std::string& word) {
  Prefixes found;
  const std::size_t end = std::min(word.find_first_not_of("@-:+!|"), word.size());
  for (const char c : word.substr(0, end)) {
    found.argv0 |= c == '@';
    found.forgiving |= c == '-';
    found.no_variables |= c == ':';
    found.privileged |= c == '+' || c == '!';
  }
  word.erase(0, end);
  return found;
}

/// The words of each, without quotes: "a ; b" are two commands.
std::vector<std::vector<std::string>> split_commands(std::string_view value) {
  std::vector<std::vector<std::string>> commands(1);
  for (const std::string& word : split_words(value)) {
    if (word == ";") {
      commands.emplace_back();
    } else {
      commands.back().push_back(unquote_word(word));
    }
  }
  std::erase_if(commands, [](const auto& words) { return words.empty(); });
  return commands;
}

enum class RunAs { user, root };

std::string sudo_words(const ServiceCommands& commands, RunAs run_as, Dollars dollars, bool main) {
  std::string text = " sudo";
  std::vector<std::string> kept = commands.crossing;
  if (!main) {
    kept.emplace_back(kAboutMainProcess);
  }
  if (!kept.empty()) {
    text += " --preserve-env=" + join(kept, ",");
  }
  if (run_as == RunAs::user && !commands.user.empty()) {
    text += " -u " + quote_word(commands.user, dollars);
  }
  if (run_as == RunAs::user && !commands.group.empty()) {
    text += " -g " + quote_word(commands.group, dollars);
  }
  if (!commands.directly.empty()) {
    text += " env";
    for (const ServiceVariable& variable : commands.directly) {
      text += " " + quote_word(variable.text, dollars);
    }
  }
  return text;
}

/// All that comes before the program.
std::string opening(const ServiceCommands& commands, RunAs run_as, Dollars dollars, bool main) {
  std::string text = quote_word(without_specifiers(commands.program), dollars) + " run";
  for (const std::string& name : commands.crossing) {
    text += " --env " + name;
  }
  if (!commands.through_sudo) {
    for (const ServiceVariable& variable : commands.directly) {
      text += " --env " + quote_word(variable.text, dollars);
    }
  }
  if (!commands.directory.empty()) {
    text += " --workdir " + quote_word(commands.directory, dollars);
  }
  text += " " + commands.environment_name;
  return commands.through_sudo ? text + sudo_words(commands, run_as, dollars, main) : text;
}

}  // namespace

bool is_for_command_only(std::string_view name) {
  return std::any_of(std::begin(kForCommandOnly), std::end(kForCommandOnly),
                     [&](std::string_view pattern) { return text::fits(name, pattern); });
}

std::vector<std::string> rewrite_commands(std::string_view key,
                                          std::string_view value,
                                          const ServiceCommands& commands) {
  std::vector<std::string> lines;
  const bool is_start = key == "ExecStart";
  for (std::vector<std::string>& words : split_commands(value)) {
    const Prefixes prefixes = take_prefixes(words.front());
    // The name that a program is called by is its path then: no shell inside has to be able to
    // change it.
    if (prefixes.argv0 && words.size() > 1) {
      words.erase(words.begin() + 1);
    }
    const bool as_root = prefixes.privileged || (commands.only_start_as_user && !is_start);
    const Dollars dollars = prefixes.no_variables ? Dollars::plain : Dollars::doubled;
    const bool is_main = is_start || key == "ExecStartPre" || key == "ExecCondition";
    std::string line =
        format("{}{}", prefixes.forgiving ? "-" : "", prefixes.no_variables ? ":" : "");
    line += opening(commands, as_root ? RunAs::root : RunAs::user, dollars, is_main);
    for (const std::string& word : words) {
      line += " " + plain_word(replace_specifiers(word, commands.specifiers));
    }
    for (const std::string& argument : is_start ? commands.arguments : std::vector<std::string>()) {
      line += " " + quote_word(without_specifiers(argument), dollars);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string own_command(const std::vector<std::string>& words, const ServiceCommands& commands) {
  ServiceCommands plain = commands;
  plain.crossing.clear();
  plain.directly.clear();
  plain.directory.clear();
  return opening(plain, RunAs::root, Dollars::doubled, true) + " " + join(words, " ");
}

std::string program_name(std::string_view value) {
  const std::vector<std::string> words = split_words(value);
  if (words.empty()) {
    return "";
  }
  std::string path = unquote_word(words.front());
  take_prefixes(path);
  return std::string(text::base_name(path));
}

}  // namespace devenv::exporting

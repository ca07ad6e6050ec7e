// SPDX-License-Identifier: MIT
#include "env/export/service_settings.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/environment_file.hpp"
#include "env/export/unit_specifiers.hpp"

namespace devenv::exporting {
namespace {

/// systemd.exec(5), "RuntimeDirectory=": where they are for the system, and what a user's manager
/// has instead.
struct DirectoryKind {
  std::string_view key;
  std::string_view variable;
  std::string_view of_system;
  std::string_view specifier;
};
constexpr DirectoryKind kDirectories[] = {
    {"RuntimeDirectory", "RUNTIME_DIRECTORY", "/run", "%t"},
    {"StateDirectory", "STATE_DIRECTORY", "/var/lib", "%S"},
    {"CacheDirectory", "CACHE_DIRECTORY", "/var/cache", "%C"},
    {"LogsDirectory", "LOGS_DIRECTORY", "/var/log", "%L"},
    {"ConfigurationDirectory", "CONFIGURATION_DIRECTORY", "/etc", "%E"},
};

/// systemd.syntax(7), "Boolean arguments".
bool is_true(std::string_view value) {
  const std::string word = text::to_lower(value);
  return word == "1" || word == "yes" || word == "y" || word == "true" || word == "t" ||
         word == "on";
}

/// Fields of passwd(5).
struct Account {
  std::string uid;
  std::string gid;
  std::string home;
};

std::optional<Account> find_account(std::string_view passwd, std::string_view user) {
  constexpr std::size_t kFields = 7;
  for (const std::string_view line : text::lines(passwd)) {
    const auto fields = text::split(line, ':');
    if (fields.size() == kFields && (fields[0] == user || fields[2] == user) &&
        text::parse_number(fields[2]) && text::parse_number(fields[3])) {
      return Account{std::string(fields[2]), std::string(fields[3]), std::string(fields[5])};
    }
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(const std::vector<Assignment>& assignments, const ServiceInput& input)
      : assignments_(assignments), input_(input), specifiers_(specifiers_of(input)) {}

  ServiceSettings read() {
    settings_.start = values("ExecStart");
    read_user();
    settings_.commands.environment_name = input_.environment_name;
    settings_.commands.program = input_.program;
    settings_.commands.arguments = input_.options.arguments;
    settings_.commands.only_start_as_user = is_true(last("PermissionsStartOnly"));
    settings_.commands.specifiers = specifiers_;
    read_type();
    read_working_directory();
    read_streams();
    read_variables();
    read_directories();
    place_variables();
    if (last("SyslogIdentifier").empty() && !settings_.start.empty()) {
      put("SyslogIdentifier",
          replace_specifiers(program_name(settings_.start.front()), specifiers_));
    }
    return std::move(settings_);
  }

 private:
  std::vector<std::string> values(std::string_view key) const {
    return values_of(assignments_, "Service", key);
  }
  std::string last(std::string_view key) const {
    const auto all = values(key);
    return all.empty() ? "" : replace_specifiers(all.back(), specifiers_);
  }
  void put(std::string_view key, std::string_view value) {
    settings_.lines.emplace_back(key, value);
  }
  void leave_out(std::string_view key, std::string_view value) {
    settings_.left_out.push_back(format("{}={}", key, text::sanitize(value)));
  }
  std::optional<Account> account(const std::string& user) const {
    return find_account(input_.read("/etc/passwd").value_or(""), user);
  }

  void read_user() {
    ServiceCommands& commands = settings_.commands;
    commands.through_sudo = input_.of_system || input_.options.as_root;
    if (!input_.of_system) {
      for (const char* key : {"User", "Group", "DynamicUser"}) {
        if (const std::string value = last(key); !value.empty()) {
          leave_out(key, value);
        }
      }
      return;
    }
    if (input_.options.as_root) {
      return;
    }
    std::string user = last("User");
    commands.group = last("Group");
    if (is_true(last("DynamicUser")) && (user.empty() || !account(user))) {
      // Nobody makes one up here, and to make root of it would be the contrary of what is wanted.
      settings_.left_out.emplace_back("DynamicUser= (it runs as 'nobody')");
      user = "nobody";
      commands.group.clear();
    }
    const bool is_root = user == "root" || user == "0";
    commands.user = is_root ? "" : account_name(user);
    commands.group = commands.group == "root" ? "" : account_name(commands.group);
  }

  /// sudo takes a number for a name unless it has a '#'.
  static std::string account_name(const std::string& name) {
    return text::parse_number(name) ? "#" + name : name;
  }

  /// Whether its processes can send messages to the manager's socket.
  bool reaches_manager() const { return input_.runtime_shared && settings_.commands.user.empty(); }

  /// A process that is not the main one may speak for it: sudo waits for the one that does.
  void read_type() {
    std::string type = last("Type");
    const std::string bus_name = last("BusName");
    const bool notifies = type == "notify" || type == "notify-reload";
    if ((notifies && !reaches_manager()) || (input_.of_system && type == "dbus")) {
      leave_out("Type", type);
      type = "exec";
    }
    if (!type.empty()) {
      put("Type", type);
    }
    if (!bus_name.empty() && !input_.of_system) {
      put("BusName", bus_name);
    }
    const std::string watchdog = last("WatchdogSec");
    const bool watched = !watchdog.empty() && reaches_manager();
    if (watched) {
      put("WatchdogSec", watchdog);
      settings_.commands.crossing.emplace_back("WATCHDOG_USEC");
    }
    if (reaches_manager() && (notifies || watched || !last("NotifyAccess").empty())) {
      put("NotifyAccess", "all");
      settings_.commands.crossing.emplace_back("NOTIFY_SOCKET");
    }
    // Another one is not seen from the host, which guesses the main process without it.
    if (const std::string file = last("PIDFile"); is_shared(file)) {
      put("PIDFile", file);
    }
  }

  /// Whether a path with specifiers names the same file on both sides.
  bool is_shared(std::string_view path) const {
    if (input_.of_system) {
      return false;
    }
    const auto is_below = [path](std::string_view directory) {
      return !directory.empty() && path.starts_with(directory) &&
             path.substr(directory.size()).starts_with('/');
    };
    return (input_.home_shared && (is_below("%h") || is_below("%S") || is_below("%C") ||
                                   is_below("%L") || is_below("%E") || is_below(input_.home))) ||
           (input_.runtime_shared && is_below("%t"));
  }

  void read_working_directory() {
    ServiceCommands& commands = settings_.commands;
    std::string directory = last("WorkingDirectory");
    const bool may_be_missing = directory.starts_with('-');
    directory = directory.substr(may_be_missing ? 1 : 0);
    if (directory == "~" && input_.of_system) {
      const auto owner = account(commands.user.empty() ? "root" : commands.user);
      directory = owner ? owner->home : "";
    }
    const bool is_known = directory.starts_with('/') || directory.starts_with('%');
    const bool is_missing = may_be_missing && directory.starts_with('/') &&
                            directory.find('%') == std::string::npos &&
                            !input_.is_directory(directory);
    commands.directory = is_known && !is_missing ? directory : input_.of_system ? "/" : "";
  }

  /// Files and terminals of the environment are not the manager's; the journal is.
  void read_streams() {
    for (const char* key : {"StandardInput", "StandardOutput", "StandardError"}) {
      const std::string value = last(key);
      const std::size_t colon = value.find(':');
      const bool is_file = value.starts_with("file:") || value.starts_with("append:") ||
                           value.starts_with("truncate:");
      const bool is_foreign = value.starts_with("tty") || value.starts_with("fd") ||
                              value.starts_with("socket") ||
                              (is_file && !is_shared(value.substr(colon + 1)));
      if (is_foreign) {
        leave_out(key, value);
      } else if (!value.empty()) {
        put(key, value);
      }
    }
  }

  // ---- variables
  // ---------------------------------------------------------------------------------

  void set(const std::string& name, std::string text) {
    std::erase_if(variables_, [&](const ServiceVariable& old) { return old.name == name; });
    variables_.push_back({name, std::move(text)});
  }
  void set_literally(const std::string& name, const std::string& value) {
    set(name, without_specifiers(format("{}={}", name, value)));
  }

  /// Files come after all of Environment=, and the user's own wishes last.
  void read_variables() {
    for (const std::string& value : values("Environment")) {
      for (const std::string& word : split_words(value)) {
        const std::string content = unquote_word(word);
        const std::size_t equals = content.find('=');
        if (equals != std::string::npos && is_variable_name(content.substr(0, equals))) {
          set(content.substr(0, equals), replace_specifiers(content, specifiers_));
        }
      }
    }
    for (const std::string& value : values("EnvironmentFile")) {
      read_file(value);
    }
    for (const std::string& variable : input_.options.variables) {
      const std::size_t equals = std::min(variable.find('='), variable.size());
      if (equals != 0 && equals < variable.size()) {
        set_literally(variable.substr(0, equals), variable.substr(equals + 1));
      }
    }
  }

  /// The manager reads it itself where it can. Of the others the lines are taken as they are now;
  /// a sync reads them again.
  void read_file(const std::string& value) {
    const bool may_be_missing = value.starts_with('-');
    const std::string path = replace_specifiers(value.substr(may_be_missing ? 1 : 0), specifiers_);
    std::string inside = path;
    if (path.starts_with("%h/")) {
      inside = input_.home + path.substr(2);
    }
    const auto contents = input_.read(inside);
    const auto variables = parse_environment_file(contents.value_or(""));
    const bool is_harmless =
        std::none_of(variables.begin(), variables.end(),
                     [](const auto& variable) { return is_for_command_only(variable.first); });
    if (is_shared(path) && is_harmless) {
      put("EnvironmentFile", (may_be_missing ? "-" : "") + path);
      for (const auto& variable : variables) {
        names_of_files_.push_back(variable.first);
      }
      return;
    }
    if (!contents && !may_be_missing) {
      leave_out("EnvironmentFile", value);
    }
    for (const auto& [name, content] : variables) {
      set_literally(name, content);
      settings_.has_file_variables = true;
    }
  }

  /// Those that are the manager's cross by name: on a command line, everybody could read them.
  void place_variables() {
    ServiceCommands& commands = settings_.commands;
    for (ServiceVariable& variable : variables_) {
      if (is_for_command_only(variable.name) || !is_variable_name(variable.name)) {
        commands.directly.push_back(std::move(variable));
      } else {
        put("Environment", plain_word(variable.text));
        commands.crossing.push_back(variable.name);
      }
    }
    for (std::string& name : names_of_files_) {
      auto& crossing = commands.crossing;
      if (std::find(crossing.begin(), crossing.end(), name) == crossing.end()) {
        crossing.push_back(std::move(name));
      }
    }
  }

  // ---- directories
  // -------------------------------------------------------------------------------

  void read_directories() {
    for (const DirectoryKind& kind : kDirectories) {
      std::vector<std::string> names;
      for (const std::string& value : values(kind.key)) {
        for (const std::string& word : split_words(value)) {
          const std::string name = replace_specifiers(unquote_word(word), specifiers_);
          names.push_back(name.substr(0, name.find(':')));
        }
      }
      if (names.empty()) {
        continue;
      }
      const bool is_runtime = kind.key == kDirectories[0].key;
      if (!input_.of_system && (is_runtime ? input_.runtime_shared : input_.home_shared)) {
        keep_directories(kind, is_runtime);
      } else {
        make_directories(kind, names);
      }
    }
  }

  void keep_directories(const DirectoryKind& kind, bool is_runtime) {
    const std::string key(kind.key);
    for (const std::string& value : values(key)) {
      std::vector<std::string> words;
      for (const std::string& word : split_words(value)) {
        words.push_back(plain_word(replace_specifiers(unquote_word(word), specifiers_)));
      }
      put(key, join(words, " "));
    }
    if (const std::string mode = last(key + "Mode"); !mode.empty()) {
      put(key + "Mode", mode);
    }
    const std::string preserve = last(key + "Preserve");
    if (is_runtime && !preserve.empty()) {
      put(key + "Preserve", preserve);
    }
  }

  void make_directories(const DirectoryKind& kind, const std::vector<std::string>& names) {
    const ServiceCommands& commands = settings_.commands;
    const std::string mode = last(std::string(kind.key) + "Mode");
    std::vector<std::string> words = {"install", "-d", "-m",
                                      plain_word(mode.empty() ? "0755" : mode)};
    if (const auto owner = commands.user.empty() ? std::nullopt : account(commands.user)) {
      words.insert(words.end(), {"-o", owner->uid, "-g", owner->gid});
    }
    std::vector<std::string> paths;
    for (const std::string& name : names) {
      paths.push_back(format("{}/{}", input_.of_system ? kind.of_system : kind.specifier, name));
      words.push_back(quote_word(paths.back(), Dollars::doubled));
    }
    const std::string variable(kind.variable);
    set(variable, format("{}={}", variable, join(paths, ":")));
    settings_.directories.push_back(std::move(words));
  }

  const std::vector<Assignment>& assignments_;
  const ServiceInput& input_;
  SpecifierValue specifiers_;
  ServiceSettings settings_;
  std::vector<ServiceVariable> variables_;
  std::vector<std::string> names_of_files_;
};

}  // namespace

ServiceSettings settings_of(const std::vector<Assignment>& assignments, const ServiceInput& input) {
  return Reader(assignments, input).read();
}

std::vector<std::string> values_of(const std::vector<Assignment>& assignments,
                                   std::string_view section,
                                   std::string_view key) {
  std::vector<std::string> values;
  for (const Assignment& each : assignments) {
    if (each.section != section || each.key != key) {
      continue;
    }
    if (each.value.empty()) {
      values.clear();
    } else {
      values.push_back(each.value);
    }
  }
  return values;
}

}  // namespace devenv::exporting

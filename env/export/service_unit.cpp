// SPDX-License-Identifier: MIT
#include "env/export/service_unit.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/service_command.hpp"
#include "env/export/service_keys.hpp"
#include "env/export/service_settings.hpp"
#include "env/export/unit_file.hpp"
#include "env/export/unit_specifiers.hpp"

namespace devenv::exporting {
namespace {

constexpr std::array<std::string_view, 7> kCommands = {"ExecCondition", "ExecStartPre", "ExecStart",
                                                       "ExecStartPost", "ExecReload",   "ExecStop",
                                                       "ExecStopPost"};

/// What any user's manager has, and the session's bus, which is the one that is used inside.
constexpr std::string_view kOfTheHost[] = {"default.target",
                                           "exit.target",
                                           "graphical-session.target",
                                           "paths.target",
                                           "shutdown.target",
                                           "sockets.target",
                                           "timers.target",
                                           "basic.target",
                                           "graphical-session-pre.target",
                                           "xdg-desktop-autostart.target",
                                           "dbus.service",
                                           "dbus.socket",
                                           "dbus-broker.service"};
constexpr std::size_t kOfAnyKind = 7;  ///< the first ones: units of the system mean the same

/// Conditions that test(1) knows: systemd.unit(5), "Conditions and Asserts".
struct FileTest {
  std::string_view condition;
  std::string_view option;
};
constexpr FileTest kFileTests[] = {
    {"PathExists", "-e"},      {"PathIsDirectory", "-d"}, {"PathIsSymbolicLink", "-L"},
    {"PathIsReadWrite", "-w"}, {"FileNotEmpty", "-s"},    {"FileIsExecutable", "-x"},
};

bool is_of_the_host(std::string_view unit, bool of_system) {
  const auto* const end = of_system ? std::begin(kOfTheHost) + kOfAnyKind : std::end(kOfTheHost);
  return std::find(std::begin(kOfTheHost), end, unit) != end;
}

/// Targets of the system, which are reached before any user's manager begins.
bool is_target_of_system(std::string_view unit, bool of_system) {
  constexpr std::string_view kThere[] = {"sockets.target", "timers.target", "paths.target",
                                         "default.target", "graphical-session.target"};
  constexpr std::string_view kNotThere[] = {
      "multi-user.target", "graphical.target",      "sysinit.target", "basic.target",
      "network.target",    "network-online.target", "local-fs.target"};
  const auto* const list = of_system ? std::begin(kThere) : std::begin(kNotThere);
  const auto* const end = of_system ? std::end(kThere) : std::end(kNotThere);
  return unit.ends_with(".target") && (std::find(list, end, unit) != end) != of_system;
}

class Rewrite {
 public:
  explicit Rewrite(const ServiceInput& input) : input_(input), specifiers_(specifiers_of(input)) {}

  Result<ServiceUnit> service(std::string_view text) {
    read(text);
    settings_ = settings_of(assignments_, input_);
    add_unit_section();
    out_ += "\n[Service]\n";
    add_settings();
    add_commands();
    add_install_section();
    if (settings_.start.empty()) {
      return fail(ErrorCode::failed, format("'{}' starts nothing", text::sanitize(input_.source)));
    }
    return finished();
  }

  Result<ServiceUnit> timer(std::string_view text) {
    read(text);
    add_unit_section();
    out_ += "\n[Timer]\n";
    for (const Assignment& each : assignments_) {
      if (each.section != "Timer") {
        continue;
      }
      if (each.key == "Unit") {
        put(each.key, input_.host_name(each.value).value_or(each.value));
      } else if (each.key == "WakeSystem") {
        leave_out(each);
      } else {
        keep(each);
      }
    }
    add_install_section();
    return finished();
  }

 private:
  void read(std::string_view text) {
    assignments_ = parse_unit(text);
    for (const std::string& drop_in : input_.drop_ins) {
      auto more = parse_unit(drop_in);
      assignments_.insert(assignments_.end(), std::make_move_iterator(more.begin()),
                          std::make_move_iterator(more.end()));
    }
    out_ = format(
        "# Made by devenv from '{}' of the environment '{}'. To take it back:\n"
        "# devenv export {} --delete\n",
        text::sanitize(input_.source), input_.environment_name, input_.environment_name);
  }

  ServiceUnit finished() {
    std::vector<std::string>& told = settings_.left_out;
    unit_.left_out.insert(unit_.left_out.end(), told.begin(), told.end());
    constexpr std::size_t kNamed = 3;
    if (isolation_.size() > kNamed + 1) {
      const std::size_t more = isolation_.size() - kNamed;
      isolation_.resize(kNamed);
      isolation_.push_back(format("and {} more", more));
    }
    if (!isolation_.empty()) {
      unit_.left_out.push_back(format("isolation ({})", join(isolation_, ", ")));
    }
    unit_.text = std::move(out_);
    unit_.is_private = settings_.has_file_variables;
    return std::move(unit_);
  }

  void put(std::string_view key, std::string_view value) {
    out_ += key;
    out_ += '=';
    for (const char c : value) {
      // What was escaped in the original ("\n", "%P") must not end the line here.
      out_ += static_cast<unsigned char>(c) < static_cast<unsigned char>(' ') ? ' ' : c;
    }
    // A backslash at the end would join the next line to this one.
    out_ += value.ends_with('\\') ? " \n" : "\n";
  }
  void keep(const Assignment& each) { put(each.key, replace_specifiers(each.value, specifiers_)); }
  void leave_out(const Assignment& each) {
    unit_.left_out.push_back(format("{}={}", each.key, text::sanitize(each.value)));
  }

  // ---- [Unit]
  // ------------------------------------------------------------------------------------

  void add_unit_section() {
    out_ += "\n[Unit]\n";
    for (const Assignment& each : assignments_) {
      if (each.section != "Unit") {
        continue;
      }
      if (is_dependency(each.key)) {
        add_dependencies(each);
        continue;
      }
      switch (fate_in_unit(each.key, input_.of_system)) {
        case Fate::kept:
          keep(each);
          break;
        case Fate::special:
          add_condition(each);
          break;
        case Fate::silent:
          break;
        default:
          leave_out(each);
      }
    }
  }

  /// Nothing inside ends the session here, or starts its end.
  std::optional<std::string> name_on_host(std::string_view key, const std::string& unit) const {
    const bool is_end = unit == "shutdown.target" || unit == "exit.target";
    const bool is_order = key == "Before" || key == "After";
    const bool is_meant = is_end ? is_order || key == "Conflicts" : key != "Conflicts";
    return is_of_the_host(unit, input_.of_system) && is_meant ? std::optional(unit)
                                                              : input_.host_name(unit);
  }

  /// An order among units that are not there is nobody's loss, nor are the system's targets: the
  /// machine is up.
  void add_dependencies(const Assignment& each) {
    std::vector<std::string> kept;
    for (const std::string& word : split_words(each.value)) {
      const std::string unit = replace_specifiers(word, specifiers_);
      if (auto name = name_on_host(each.key, unit)) {
        kept.push_back(*std::move(name));
      } else if (pulls_in(each.key) && !unit.ends_with(".target") && !unit.ends_with(".slice")) {
        leave_out({each.section, each.key, unit});
      }
    }
    if (!kept.empty()) {
      put(each.key, join(kept, " "));
    }
  }

  /// Asked inside, when the service starts; as its manager would, with all rights.
  void add_condition(const Assignment& each) {
    const bool is_assert = each.key.starts_with("Assert");
    const std::string_view kind =
        std::string_view(each.key).substr(is_assert ? sizeof "Assert" - 1 : sizeof "Condition" - 1);
    const auto* const test =
        std::find_if(std::begin(kFileTests), std::end(kFileTests),
                     [&](const FileTest& row) { return row.condition == kind; });
    // '|' makes one of several enough. A timer runs nothing that could look.
    if (UnitName::parse(input_.unit).type == "timer" || each.value.starts_with('|') ||
        (test == std::end(kFileTests) && !each.value.empty())) {
      return leave_out(each);
    }
    auto& tests = is_assert ? asserts_ : conditions_;
    if (each.value.empty()) {
      tests.clear();
      return;
    }
    const bool negated = each.value.starts_with('!');
    const std::string path = replace_specifiers(each.value.substr(negated ? 1 : 0), specifiers_);
    std::vector<std::string> words = {"test"};
    if (negated) {
      words.emplace_back("!");
    }
    words.emplace_back(test->option);
    words.push_back(quote_word(path, Dollars::doubled));
    tests.push_back(std::move(words));
  }

  // ---- [Service]
  // ---------------------------------------------------------------------------------

  void add_settings() {
    for (const Assignment& each : assignments_) {
      if (each.section != "Service") {
        continue;
      }
      switch (fate_in_service(each.key, each.value, input_.of_system)) {
        case Fate::kept:
          keep(each);
          break;
        case Fate::isolated:
          if (std::find(isolation_.begin(), isolation_.end(), each.key) == isolation_.end()) {
            isolation_.push_back(each.key);
          }
          break;
        case Fate::told:
          leave_out(each);
          break;
        case Fate::special:
        case Fate::silent:
          break;
      }
    }
    for (const auto& [key, value] : settings_.lines) {
      put(key, value);
    }
  }

  void add_commands() {
    for (const std::vector<std::string>& words : conditions_) {
      put("ExecCondition", own_command(words, settings_.commands));
    }
    for (const std::vector<std::string>& words : asserts_) {
      put("ExecStartPre", own_command(words, settings_.commands));
    }
    for (const std::vector<std::string>& words : settings_.directories) {
      put("ExecStartPre", own_command(words, settings_.commands));
    }
    for (const std::string_view key : kCommands) {
      for (const std::string& value : values_of(assignments_, "Service", key)) {
        for (const std::string& line : rewrite_commands(key, value, settings_.commands)) {
          put(key, line);
        }
      }
    }
  }

  // ---- [Install]
  // ---------------------------------------------------------------------------------

  /// Other names (Alias=) could be those of units here. What comes along (Also=) is exported for
  /// itself.
  void add_install_section() {
    std::vector<std::string> wanted_by;
    bool is_wanted = false;
    for (const Assignment& each : assignments_) {
      // Nothing of the host's fails without it: what requires it inside wants it here.
      const bool wants =
          each.key == "WantedBy" || each.key == "RequiredBy" || each.key == "UpheldBy";
      if (each.section == "Install" && wants) {
        is_wanted = true;
        for (const std::string& unit : split_words(each.value)) {
          add_wanting(replace_specifiers(unit, specifiers_), wanted_by);
        }
      }
    }
    if (!is_wanted) {
      return;
    }
    out_ += "\n[Install]\n";
    put("WantedBy", wanted_by.empty() ? "default.target" : join(wanted_by, " "));
    const auto instances = values_of(assignments_, "Install", "DefaultInstance");
    if (!instances.empty()) {
      put("DefaultInstance", replace_specifiers(instances.back(), specifiers_));
    }
  }

  void add_wanting(const std::string& unit, std::vector<std::string>& wanted_by) const {
    std::optional<std::string> name = input_.host_name(unit);
    if (!name && unit.ends_with(".target") && is_unit_name(unit)) {
      name = is_target_of_system(unit, input_.of_system) ? "default.target" : unit;
    }
    if (name && std::find(wanted_by.begin(), wanted_by.end(), *name) == wanted_by.end()) {
      wanted_by.push_back(*std::move(name));
    }
  }

  const ServiceInput& input_;
  SpecifierValue specifiers_;
  std::vector<Assignment> assignments_;
  ServiceSettings settings_;
  ServiceUnit unit_;
  std::string out_;
  std::vector<std::vector<std::string>> conditions_;  ///< words of test(1)
  std::vector<std::vector<std::string>> asserts_;
  std::vector<std::string> isolation_;
};

}  // namespace

std::string host_unit_name(std::string_view environment_name, std::string_view unit) {
  return format("devenv-{}-{}", environment_name, unit);
}

Result<ServiceUnit> rewrite_service(std::string_view unit, const ServiceInput& input) {
  return Rewrite(input).service(unit);
}

Result<ServiceUnit> rewrite_timer(std::string_view unit, const ServiceInput& input) {
  return Rewrite(input).timer(unit);
}

}  // namespace devenv::exporting

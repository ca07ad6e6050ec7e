// SPDX-License-Identifier: MIT
#include "env/export/user_manager.hpp"

#include <fcntl.h>

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/export/unit_file.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::exporting {
namespace {

/// A manager that does not answer is not waited for.
constexpr std::chrono::seconds kPatience{10};

/// For systemctl, which takes patterns where units are loaded: "foo@*.service" for "foo@.service".
std::string with_instances(const std::string& unit) {
  UnitName name = UnitName::parse(unit);
  if (name.is_template()) {
    name.instance = "*";
  }
  return name.string();
}

bool is_named(const std::string& link, const std::string& unit) {
  return link == unit ||
         (UnitName::parse(unit).is_template() && UnitName::parse(link).template_name() == unit);
}

}  // namespace

UserManager::UserManager(const std::string& runtime_directory)
    : runtime_directory_(runtime_directory),
      is_there_(!runtime_directory.empty() && sys::exists(runtime_directory + "/systemd/private") &&
                sys::find_program("systemctl")) {}

UserManager UserManager::of_caller() {
  return UserManager(sys::get_variable("XDG_RUNTIME_DIR"));
}

void UserManager::reload() const {
  run({"daemon-reload"}, kPatience);
}

void UserManager::stop(const std::vector<std::string>& units,
                       std::chrono::milliseconds limit) const {
  std::vector<std::string> named;
  std::transform(units.begin(), units.end(), std::back_inserter(named), with_instances);
  if (named.empty()) {
    return;
  }
  std::vector<std::string> arguments = {"stop", "--"};
  arguments.insert(arguments.end(), named.begin(), named.end());
  run(arguments, limit);
  arguments.front() = "reset-failed";
  run(arguments, kPatience);
}

void UserManager::run(std::vector<std::string> arguments, std::chrono::milliseconds limit) const {
  if (!is_there_) {
    return;
  }
  // What it says is about units that are not loaded, mostly: that is as it should be.
  sys::Command command{.argv = {"systemctl", "--user", "--quiet"}, .stderr_fd = -1};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  const auto child = sys::spawn(command);
  if (!child) {
    LOG_WARN("{}", child.error().to_line());
    return;
  }
  const auto ended = sys::wait_pidfd(child->pidfd(), limit);
  if (!ended || !*ended) {
    LOG_WARN("'systemctl --user {}' takes too long", arguments.front());
  }
}

Result<void> remove_links(const std::string& units, const std::string& unit) {
  if (!sys::is_directory(units)) {
    return {};
  }
  TRY_ASSIGN(const auto entries, sys::list_directory(units));
  for (const std::string& entry : entries) {
    const std::string directory = format("{}/{}", units, entry);
    const bool is_of_links =
        entry.ends_with(".wants") || entry.ends_with(".requires") || entry.ends_with(".upholds");
    if (!is_of_links || !sys::is_directory(directory)) {
      continue;
    }
    TRY_ASSIGN(const auto links, sys::list_directory(directory));
    bool removed = false;
    for (const std::string& link : links) {
      const std::string path = format("{}/{}", directory, link);
      if (is_named(link, unit) && sys::read_link_at(AT_FDCWD, path)) {
        TRY(sys::remove_file(path));
        removed = true;
      }
    }
    if (removed) {
      // Not when others are left in it.
      (void)sys::remove_empty_directory(directory);
    }
  }
  return {};
}

}  // namespace devenv::exporting

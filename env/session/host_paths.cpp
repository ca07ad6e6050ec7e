// SPDX-License-Identifier: MIT
#include "env/session/host_paths.hpp"

#include <algorithm>
#include <array>

#include "env/session/plan.hpp"

namespace devenv::session {
namespace {

constexpr std::string_view kDelimiters = ":,;";
constexpr std::string_view kAbstract = "abstract=";
constexpr std::array<std::string_view, 16> kNames = {
    "XAUTHORITY",
    "ICEAUTHORITY",
    "SSH_AUTH_SOCK",
    "WAYLAND_DISPLAY",
    "PULSE_SERVER",
    "PULSE_COOKIE",
    "SESSION_MANAGER",
    "PIPEWIRE_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "KRB5CCNAME",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "AT_SPI_BUS_ADDRESS",
    "GPG_AGENT_INFO",
    "PCSCLITE_CSOCK_NAME",
    "CUPS_SERVER",
    "GNOME_KEYRING_CONTROL",
};

bool begins_path(std::string_view value, std::size_t position) {
  if (value[position] != '/') {
    return false;
  }
  const std::string_view before = value.substr(0, position);
  return before.empty() ||
         ((before.ends_with(':') || before.ends_with('=')) && !before.ends_with(kAbstract));
}

}  // namespace

bool is_below(std::string_view path, std::string_view directory) {
  return directory.size() > 1 && path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

bool SamePaths::contains(std::string_view path) const {
  return std::any_of(directories_.begin(), directories_.end(),
                     [&](const std::string& directory) { return is_below(path, directory); });
}

std::string reach_host(std::string_view value, const SamePaths& same) {
  std::string reached;
  for (std::size_t position = 0; position < value.size();) {
    if (!begins_path(value, position)) {
      reached += value[position++];
      continue;
    }
    const std::size_t end = std::min(value.find_first_of(kDelimiters, position), value.size());
    const std::string_view path = value.substr(position, end - position);
    if (!same.contains(path) && !is_below(path, kHostRootInside)) {
      reached += kHostRootInside;
    }
    reached += path;
    position = end;
  }
  return reached;
}

bool names_host_path(std::string_view variable) {
  return std::find(kNames.begin(), kNames.end(), variable) != kNames.end();
}

}  // namespace devenv::session

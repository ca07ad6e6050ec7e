// SPDX-License-Identifier: MIT
#include "env/session/host_commands.hpp"

#include <fcntl.h>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/session/session.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/local_socket.hpp"
#include "env/sys/namespaces.hpp"

namespace devenv::session {
namespace {

using instance::HostCommands;

constexpr unsigned kUserOnly = 0600;

std::optional<std::uint32_t> root_of(const sandbox::IdMap& map) {
  for (const sandbox::IdExtent& extent : map.uids) {
    if (extent.inside == 0) {
      return extent.outside;
    }
  }
  return std::nullopt;
}

Result<void> open_door(int socket, const std::string& path, const sys::User& user) {
  TRY(sys::listen_at(socket, path, kUserOnly));
  // Root inside gets in anyway.
  return sys::set_owner_at(AT_FDCWD, path, user.uid.get(), user.gid.get());
}

}  // namespace

std::string host_socket_outside(const Running& running) {
  return format("/proc/{}/root{}", running.record.pid, kHostSocketInside);
}

Result<HostDoor> make_host_door(const instance::Environment& environment,
                                const sandbox::IdMap& map,
                                const std::string& guest_program) {
  HostDoor door{.policy = environment.spec.host_commands,
                .guest_program = guest_program,
                .root = root_of(map)};
  if (door.policy != HostCommands::deny) {
    TRY_ASSIGN(door.socket, sys::make_local_socket());
  }
  return door;
}

void open_host_door(int socket, const std::string& root, const sys::User& user) {
  if (socket < 0) {
    return;
  }
  if (auto opened = open_door(socket, root + kHostSocketInside, user); !opened) {
    LOG_WARN("no host commands: {}", opened.error().to_line());
  }
}

void start_broker(const HostDoor& door, const std::string& environment_name, int holder) {
  if (!door.socket.valid() || !sys::is_listening(door.socket.get())) {
    return;
  }
  sys::Command command{
      .argv = {door.guest_program, "broker", environment_name, "--listen-fd",
               std::to_string(door.socket.get()), "--holder-fd", std::to_string(holder)},
      .stderr_fd = -1,
      .kept_fds = {door.socket.get(), holder},
      .new_session = true};
  const auto add = [&command](std::initializer_list<std::string> words) {
    command.argv.insert(command.argv.end(), words);
  };
  if (door.root) {
    add({"--root-uid", std::to_string(*door.root)});
  }
  if (door.policy == HostCommands::ask) {
    add({"--ask"});
  }
  if (auto self = sys::read_link_at(AT_FDCWD, "/proc/self/exe")) {
    add({"--devenv", *self});
  }
  auto broker = sys::spawn(command);
  if (!broker) {
    LOG_WARN("no host commands: {}", broker.error().to_line());
    return;
  }
  broker->detach();
}

std::vector<std::string> find_host_programs(const instance::Spec& spec) {
  std::vector<std::string> found;
  if (spec.host_commands == HostCommands::deny) {
    return found;
  }
  for (const char* name : {"docker", "flatpak", "podman", "xdg-open"}) {
    if (sys::find_program(name)) {
      found.emplace_back(name);
    }
  }
  return found;
}

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
#include "env/session/host_commands.hpp"

#include <fcntl.h>

#include <chrono>
#include <csignal>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/log.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/launch.hpp"
#include "env/session/running_internal.hpp"
#include "env/session/scope.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
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

/// The caller has the start lock. Errors: failed.
Result<void> replace_broker(const instance::Workspace& workspace,
                            const instance::Environment& environment,
                            const Running& running) {
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const HostDoor door, make_host_door(environment, map, workspace.guest_program()));
  end_broker(running.record.broker);
  return in_starter([&]() -> Result<void> {
    TRY_ASSIGN(
        sys::Child inside, sys::fork_child(0, [&]() -> int {
          if (!sys::join_namespaces(running.process.get(), running.record.namespace_flags())) {
            return 1;
          }
          sys::set_file_system_ids(0, 0);
          (void)sys::remove_file(kHostSocketInside);
          open_host_door(door.socket.get(), "", workspace.user);
          return 0;
        }));
    TRY(inside.wait());
    RunningRecord record = running.record;
    record.broker = start_broker(door, record.name, running.process.get());
    return sys::write_file_atomic(environment.running_file(), json::dump(record.to_json()) + "\n",
                                  0600);
  });
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

BrokerRecord start_broker(const HostDoor& door, const std::string& environment_name, int holder) {
  BrokerRecord record{.policy = door.policy};
  if (!door.socket.valid() || !sys::is_listening(door.socket.get())) {
    return record;
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
    return record;
  }
  record.pid = broker->pid();
  record.start_time = sys::process_start_time(broker->pid()).value_or(0);
  broker->detach();
  return record;
}

bool has_broker(const BrokerRecord& record, HostCommands policy) {
  return record.policy == policy &&
         (policy == HostCommands::deny || hold_process(record.pid, record.start_time));
}

void end_broker(const BrokerRecord& record) {
  constexpr std::chrono::seconds kPatience{2};
  if (const auto broker = hold_process(record.pid, record.start_time)) {
    (void)sys::signal_pidfd(broker->get(), SIGKILL);
    (void)sys::wait_pidfd(broker->get(), kPatience);
  }
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

Result<void> renew_host_commands(const instance::Workspace& workspace,
                                 const instance::Environment& environment) {
  TRY_ASSIGN(const sys::FileLock starting,
             sys::FileLock::acquire(environment.start_lock_file(), sys::LockMode::exclusive));
  TRY_ASSIGN(const instance::Environment current, instance::reload(environment));
  TRY_ASSIGN(const auto running, find_running(current));
  if (!running || running->orphaned ||
      has_broker(running->record.broker, current.spec.host_commands)) {
    return {};
  }
  TRY_CONTEXT(replace_broker(workspace, current, *running), "cannot change host commands");
  outlive_service(current, {});
  return {};
}

}  // namespace devenv::session

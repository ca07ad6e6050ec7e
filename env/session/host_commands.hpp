// SPDX-License-Identifier: MIT
// The way from an environment to the host: a socket inside, and a process outside that runs what
// is asked for there (cmd/guest/broker.hpp). Never in the way of a start: without it, commands on
// the host say that nobody answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/instance/environment.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/session/session.hpp"
#include "env/sys/process.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::session {

/// In memory of the environment: nobody else sees it.
constexpr const char* kHostSocketInside = "/run/devenv/host.sock";

/// Everything about the broker of a start. The socket has no name before the holder gives it one,
/// in its own mount namespace; as both have the same open socket, nothing is handed over.
struct HostDoor {
  sys::UniqueFd socket;  ///< invalid: host commands are denied
  instance::HostCommands policy = instance::HostCommands::deny;
  std::string guest_program;          ///< devenv-guest on the host
  std::optional<std::uint32_t> root;  ///< on the host, the id of root inside
};

/// Errors: failed when there are no more descriptors.
Result<HostDoor> make_host_door(const instance::Environment& environment,
                                const sandbox::IdMap& map,
                                const std::string& guest_program);

/// In the holder: opens the socket to the user and root. `root` is put before its path.
void open_host_door(int socket, const std::string& root, const sys::User& user);

/// In the starter, once the door is open: starts the broker, which ends with `holder` (a pidfd).
/// Gives what running.json says of it.
BrokerRecord start_broker(const HostDoor& door, const std::string& environment_name, int holder);

/// Whether the record is what `policy` asks for, and the broker lives.
bool has_broker(const BrokerRecord& record, instance::HostCommands policy);
/// Ends the broker, if it is there. Whoever it serves is served to the end.
void end_broker(const BrokerRecord& record);

/// Names of programs of the host that the environment gets a link for, where its image has none.
std::vector<std::string> find_host_programs(const instance::Spec& spec);

}  // namespace devenv::session

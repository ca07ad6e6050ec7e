// SPDX-License-Identifier: MIT
// Starting, entering and stopping environments.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/instance/environment.hpp"
#include "env/instance/workspace.hpp"
#include "env/sandbox/mount_plan.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {

/// How NVIDIA's driver was shared; all empty when it is not.
struct DriverRecord {
  std::vector<std::string> variables;  ///< "NAME=value"
  std::vector<std::string> watched;    ///< paths of the host; see host::NvidiaFacts
  std::string stamp;                   ///< what they were like

  bool operator==(const DriverRecord&) const = default;
};

/// Who runs commands on the host for programs inside.
struct BrokerRecord {
  instance::HostCommands policy = instance::HostCommands::deny;
  pid_t pid = -1;  ///< -1: none, as with `deny`
  std::uint64_t start_time = 0;

  bool operator==(const BrokerRecord&) const = default;
};

/// running.json: what a join needs, so that a warm entry reads one small file.
struct RunningRecord {
  std::string boot_id;
  std::string session_id;  ///< random; also in /run/devenv/session inside
  std::string name;
  pid_t pid = -1;                     ///< the holder
  std::uint64_t start_time = 0;       ///< of the holder, clock ticks since boot
  std::uint64_t user_namespace = 0;   ///< inode of /proc/PID/ns/user
  std::uint64_t mount_namespace = 0;  ///< inode of /proc/PID/ns/mnt
  std::string started_at;             ///< RFC 3339 UTC
  std::string shell;                  ///< login shell inside
  std::vector<std::string> image_environment;
  pid_t server_pid = -1;  ///< fuse-overlayfs; -1 if none
  std::uint64_t server_start_time = 0;
  /// Of its own beside user and mnt: "net", "ipc", "uts".
  std::vector<std::string> namespaces;
  host::ShareChoice shares;
  DriverRecord driver;
  BrokerRecord broker;

  Json to_json() const;
  static Result<RunningRecord> from_json(const Json& json);
  /// For setns(2): CLONE_NEWUSER, CLONE_NEWNS and what `namespaces` says.
  int namespace_flags() const;
};

/// A running environment, held by pidfd: it is the one of the record for sure.
struct Running {
  RunningRecord record;
  sys::UniqueFd process;  ///< pidfd of a process inside: the holder, or a survivor of it
  bool orphaned = false;  ///< the holder is gone, others still live in its namespaces
};

/// nullopt when it is not running (also after a reboot).
Result<std::optional<Running>> find_running(const instance::EnvironmentDirectory& environment);

/// The running environment, started if need be. Concurrent calls start it once.
Result<Running> ensure_running(const instance::Workspace& workspace,
                               const instance::Environment& environment,
                               Reporter& reporter);

/// What a start would mount; for --dry-run.
Result<sandbox::MountPlan> describe_start(const instance::Workspace& workspace,
                                          const instance::Environment& environment);

/// What a running environment shares, or else a start would, and why not the rest.
std::vector<host::ShareStatus> describe_shares(const instance::Workspace& workspace,
                                               const instance::Environment& environment);

/// Makes the environment's policy for host commands the one in force, and its broker one that
/// lives. Nothing when it is not running. Commands that run already go on.
Result<void> renew_host_commands(const instance::Workspace& workspace,
                                 const instance::Environment& environment);

/// Programs that are installed inside appear on the host as the environment's spec wishes: starts
/// `devenv export NAME --watch` in the background, which ends with the environment. One that is
/// there already goes on alone. Gives its pid; -1 when it could not be started.
pid_t start_export_watch(const instance::Environment& environment);

/// The socket of host commands, as it is reached from outside.
std::string host_socket_outside(const Running& running);

struct EnterRequest {
  std::vector<std::string> command;    ///< empty: the login shell
  unsigned umask = 022;                ///< that of the caller; see umask(2)
  std::vector<std::string> variables;  ///< "NAME=value", in addition to what crosses
  bool clean_environment = false;      ///< hardly anything crosses
  bool follows_parent = false;         ///< SIGHUP when this process's parent ends: see parent.hpp
  bool host_files = false;  ///< some arguments are marked as files of the host: see host_files.hpp
  /// Where the command starts, an absolute path inside; without it where the caller stands.
  std::optional<std::string> directory;
  bool as_root = false;  ///< as root of the environment, with its home
};

/// Becomes the command inside the environment, which is started if need be. Returns only on
/// failure: an error without a cause is that of execve(2) for the command (errno ENOENT: there is
/// no such command); one with a cause means that devenv failed before. A working directory of the
/// caller that is not shared is reported, and the home directory used; a `directory` that cannot be
/// entered is an error.
Error enter(const instance::Workspace& workspace,
            const instance::Environment& environment,
            EnterRequest request,
            Reporter& reporter);

/// As enter, in a child: gives how the command ended. The child has our terminal; what the keyboard
/// sends is for the command. Errors: those of enter.
Result<sys::ExitStatus> run_command(const instance::Workspace& workspace,
                                    const instance::Environment& environment,
                                    EnterRequest request,
                                    Reporter& reporter);

/// Ends every process inside: TERM, `grace`, KILL; then the holder. Cleans up what a crash left in
/// any case, and gives false when there was nothing to end.
Result<bool> stop(const instance::EnvironmentDirectory& environment,
                  std::chrono::milliseconds grace);

/// Processes inside, also those in namespaces below (bubblewrap, podman), without the holder and
/// the file system server.
Result<std::vector<pid_t>> processes_inside(const Running& running);

}  // namespace devenv::session

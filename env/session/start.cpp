// SPDX-License-Identifier: MIT
// From "stopped" to "running": the lock, the namespaces, the root. launch.hpp has the processes.

#include <algorithm>
#include <csignal>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/host/editors.hpp"
#include "env/image/record.hpp"
#include "env/instance/catalog.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/session/image_libc.hpp"
#include "env/session/inside.hpp"
#include "env/session/launch.hpp"
#include "env/session/nvidia.hpp"
#include "env/session/plan.hpp"
#include "env/session/prepare_root.hpp"
#include "env/session/running_internal.hpp"
#include "env/session/scope.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollInterval{5};
constexpr milliseconds kStaleLockAfter{1000};
constexpr milliseconds kGiveUpAfter{10000};
constexpr milliseconds kDeadFileSystemGrace{2000};
constexpr std::size_t kSessionIdBytes = 16;

Result<sandbox::RootLayout> root_layout(const instance::Environment& environment,
                                        const image::Store& store) {
  sandbox::RootLayout layout{.lower = {},
                             .upper = environment.upper(),
                             .work = environment.work(),
                             .mount_point = environment.mount_point()};
  const auto& layers = environment.state.layers;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (!store.has_layer(*layer) && environment.state.storage != sandbox::StorageDriver::copy) {
      return fail(Error(ErrorCode::integrity,
                        format("layer {} is missing from the store", layer->abbreviated()))
                      .with_hint(format("fetch it again: devenv image pull {}",
                                        environment.state.image_reference)));
    }
    layout.lower.push_back(store.layer_tree(*layer));
  }
  return layout;
}

Result<void> check_id_map(const instance::Environment& environment, const sandbox::IdMap& map) {
  if (environment.state.id_map == map.to_string()) {
    return {};
  }
  return fail(
      Error(ErrorCode::unsupported,
            "your subordinate ids have changed since the environment was made")
          .with_hint(format("give your user these ids again in /etc/subuid and /etc/subgid: "
                            "{}",
                            environment.state.id_map)));
}

bool is_on(std::string_view share, const host::ShareChoice& choice, const host::Facts& facts) {
  const auto statuses = host::share_statuses(choice, facts);
  return std::any_of(statuses.begin(), statuses.end(), [&](const host::ShareStatus& status) {
    return status.on && status.share->name == share;
  });
}

/// What the host offers to this environment.
host::Facts facts_for(const instance::Workspace& workspace,
                      const instance::Environment& environment,
                      const host::ShareChoice& shares,
                      const image::Store& store) {
  host::Facts facts = host::probe(workspace.user);
  if (!is_on("nvidia", shares, facts)) {
    return facts;
  }
  std::vector<std::string> trees = {environment.upper()};
  for (const Digest& layer : environment.state.layers) {
    trees.push_back(store.layer_tree(layer));
  }
  if (std::string reason = why_not_glibc(trees); !reason.empty()) {
    facts.obstacles.emplace("nvidia", std::move(reason));
  }
  return facts;
}

Result<image::Store> open_store(const instance::Workspace& workspace) {
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  return image::Store::open(workspace.paths.store(), map.to_string());
}

PlanInput plan_input(const instance::Workspace& workspace,
                     const instance::Environment& environment,
                     const image::Store& store,
                     const std::string& session_id) {
  PlanInput input{.environment_name = environment.name.string(),
                  .image_reference = environment.state.image_reference,
                  .image_digest = environment.state.manifest_digest.string(),
                  .session_id = session_id,
                  .user = workspace.user,
                  .facts = facts_for(workspace, environment, environment.spec.shares, store),
                  .shares = environment.spec.shares,
                  .private_home = environment.private_home(),
                  .private_directories = environment.private_directories(),
                  .guest_program = workspace.guest_program(),
                  .host_programs = find_host_programs(environment.spec),
                  .mounts = environment.spec.mounts,
                  .host_root = environment.spec.host_root,
                  .nvidia = {}};
  if (is_on("nvidia", input.shares, input.facts)) {
    input.nvidia = host::probe_nvidia();
  }
  return input;
}

Result<Launch> make_launch(const instance::Workspace& workspace,
                           const instance::Environment& environment,
                           const sandbox::IdMap& map,
                           const std::optional<sys::FileLock>& lock) {
  TRY_ASSIGN_CONTEXT(sys::UniqueFd guest, sys::open_file(workspace.guest_program(), O_RDONLY),
                     "devenv is not installed completely");
  TRY_ASSIGN(std::string boot, sys::boot_id());
  TRY_ASSIGN(HostDoor door, make_host_door(environment, map, workspace.guest_program()));
  return Launch{.environment = environment,
                .lock = lock,
                .guest = std::move(guest),
                .record = RunningRecord{.boot_id = std::move(boot),
                                        .session_id = sys::random_hex(kSessionIdBytes),
                                        .name = environment.name.string(),
                                        .started_at = image::current_timestamp(),
                                        .shell = "/bin/sh",
                                        .image_environment = environment.state.image_environment},
                .door = std::move(door)};
}

/// Looks at who has the lock for longer than an end takes. A file system server that lost its
/// holder before anybody could join it is ended; a holder that nothing names is left to `stop`.
Result<void> end_stale_servers(const instance::EnvironmentDirectory& environment) {
  for (const LockOwner& owner : find_lock_owners(environment)) {
    if (owner.is_holder) {
      return fail(Error(ErrorCode::conflict,
                        format("process {} keeps it running, but '{}' is lost or damaged",
                               owner.pid, environment.running_file()))
                      .with_hint(format("end what runs inside: devenv stop {}",
                                        environment.name.string())));
    }
    if (auto process = sys::open_pidfd(owner.pid)) {
      (void)sys::signal_pidfd(process->get(), SIGKILL);
    }
  }
  return {};
}

/// The lock that says "running". Nobody starts the environment but us, so whoever has it still is
/// about to end: a stopped holder, a server whose root is gone.
Result<std::optional<sys::FileLock>> take_lock(const instance::EnvironmentDirectory& environment) {
  const auto began = steady_clock::now();
  bool ended_servers = false;
  while (true) {
    TRY_ASSIGN(auto lock,
               sys::FileLock::try_acquire(environment.lock_file(), sys::LockMode::exclusive));
    if (lock) {
      return lock;
    }
    const auto waited = steady_clock::now() - began;
    if (waited > kGiveUpAfter) {
      return fail(Error(ErrorCode::conflict, "a process that is not known still uses its files")
                      .with_hint(format("end it: devenv stop {}", environment.name.string())));
    }
    if (waited > kStaleLockAfter && !ended_servers) {
      ended_servers = true;
      TRY(end_stale_servers(environment));
    }
    sys::sleep_for(kPollInterval);
  }
}

/// What runs beside it on the host, but for the broker.
void start_companions(const instance::Environment& environment, Reporter& reporter) {
  std::vector<pid_t> companions;
  if (environment.spec.exports.any()) {
    companions.push_back(start_export_watch(environment));
  }
  if (environment.spec.limits.any()) {
    if (const auto limited = limit_environment(environment, environment.spec.limits); !limited) {
      reporter.warn(
          format("the limits of '{}' are not in force: {}", environment.name.string(),
                 limited.error().to_line()),
          "they need the service manager of your session (systemd), with cgroups of its own");
    }
    return;
  }
  outlive_service(environment, companions);
}

/// With the places of what the user wants to be mounted in it: nothing is made in a directory of
/// the host once it is mounted.
Result<void> make_private_home(const instance::Environment& environment, const std::string& home) {
  TRY(sys::make_directories(environment.private_home(), 0700));
  for (const instance::ExtraMount& mount : environment.spec.mounts) {
    if (!mount.target.starts_with(home + "/")) {
      continue;
    }
    const std::string place = environment.private_home() + mount.target.substr(home.size());
    const bool is_directory = sys::is_directory(mount.source);
    TRY(sys::make_directories(is_directory ? place : sys::parent_of(place), 0700));
    if (!is_directory && !sys::exists(place)) {
      TRY_ASSIGN(const sys::UniqueFd made, sys::open_file(place, O_WRONLY | O_CREAT, 0600));
    }
  }
  return {};
}

Result<void> start(const instance::Workspace& workspace,
                   const instance::EnvironmentDirectory& place,
                   Reporter& reporter) {
  TRY_ASSIGN(const std::optional<sys::FileLock> lock, take_lock(place));
  // Read again under the lock: it may be another environment of this name by now.
  TRY_ASSIGN(const instance::Environment environment, instance::reload(place));
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY(check_id_map(environment, map));
  if (workspace.user.home == "/") {
    return fail(Error(ErrorCode::unsupported, "your home directory is '/', which cannot be shared")
                    .with_hint("set HOME to a directory of your own"));
  }
  TRY_ASSIGN(const image::Store store,
             image::Store::open(workspace.paths.store(), map.to_string()));
  TRY_ASSIGN(const sandbox::RootLayout layout, root_layout(environment, store));
  TRY_ASSIGN(Launch launch, make_launch(workspace, environment, map, lock));
  launch.record.shares = environment.spec.shares;
  for (const OwnNamespace& own : own_namespaces(environment.spec.shares)) {
    launch.record.namespaces.emplace_back(own.name);
  }
  if (!environment.spec.shares.wants("home")) {
    TRY(make_private_home(environment, workspace.user.home));
  }
  const PlanInput input = plan_input(workspace, environment, store, launch.record.session_id);
  if (environment.spec.shares.wants("home")) {
    host::make_editor_directories(input.facts.editor_directories, input.facts.home,
                                  input.private_directories);
  }
  for (const std::string& warning : input.nvidia.warnings) {
    reporter.warn(warning, "");
  }
  launch.record.driver = driver_record(input.nvidia);
  const DriverLibraries libraries = driver_libraries(input.nvidia);
  const sandbox::MountPlan plan = plan_mounts(input);
  const auto spawn = [&map](std::function<int()> body) {
    return sandbox::spawn_in_user_namespace(map, sandbox::MountNamespace::own, std::move(body));
  };
  const RootInput root{.environment = environment,
                       .layout = layout,
                       .map = map,
                       .plan = plan,
                       .libraries = libraries,
                       .user = workspace.user,
                       .group_name = sys::group_name(workspace.user),
                       .lock = lock->fd(),
                       .door = launch.door.socket.get()};
  const auto prepare = [&root] { return prepare_root(root); };
  TRY(session::launch(std::move(launch), spawn, prepare));
  start_companions(environment, reporter);
  return {};
}

/// The holder was killed while others live on in its namespaces: a new one joins them, so that the
/// upper directory is never mounted a second time.
Result<void> adopt(const instance::Workspace& workspace,
                   const instance::Environment& environment,
                   const Running& orphans,
                   Reporter& reporter) {
  TRY_ASSIGN(const auto lock,
             sys::FileLock::try_acquire(environment.lock_file(), sys::LockMode::exclusive));
  if (!lock && orphans.record.server_pid <= 0) {
    return fail(Error(ErrorCode::conflict, "a process that is not known uses its files")
                    .with_hint(format("end it: devenv stop {}", environment.name.string())));
  }
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(Launch launch, make_launch(workspace, environment, map, lock));
  launch.record = orphans.record;
  const auto spawn = [](const std::function<int()>& body) { return sys::fork_child(0, body); };
  const auto prepare = [&, door = launch.door.socket.get()]() -> Result<Prepared> {
    TRY(sys::join_namespaces(orphans.process.get(), orphans.record.namespace_flags()));
    sys::set_file_system_ids(0, 0);
    open_host_door(door, "", workspace.user);
    sys::set_file_system_ids(workspace.user.uid.get(), workspace.user.gid.get());
    sys::make_dumpable();
    return Prepared{};
  };
  TRY(session::launch(std::move(launch), spawn, prepare));
  start_companions(environment, reporter);
  return {};
}

}  // namespace

Result<Running> ensure_running(const instance::Workspace& workspace,
                               const instance::Environment& environment,
                               Reporter& reporter) {
  const std::string name = environment.name.string();
  while (true) {
    TRY_ASSIGN(auto running, find_running(environment));
    if (running && !running->orphaned && file_system_alive(running->record)) {
      if (!has_broker(running->record.broker, environment.spec.host_commands)) {
        if (const auto renewed = renew_host_commands(workspace, environment); !renewed) {
          LOG_WARN("{}", renewed.error().to_line());
        }
      }
      return *std::move(running);
    }
    // Whoever comes second waits here, and finds the environment running.
    TRY_ASSIGN(const sys::FileLock starting,
               sys::FileLock::acquire(environment.start_lock_file(), sys::LockMode::exclusive));
    TRY_ASSIGN(running, find_running(environment));
    if (running && !file_system_alive(running->record)) {
      reporter.warn(
          format("the file system of '{}' has died; the environment is started anew", name), "");
      TRY(end_everything(environment, kDeadFileSystemGrace));
      running.reset();
    }
    if (!running || running->orphaned) {
      TRY_CONTEXT(running ? adopt(workspace, environment, *running, reporter)
                          : start(workspace, environment, reporter),
                  format("cannot start environment '{}'", name));
    }
  }
}

Result<sandbox::MountPlan> describe_start(const instance::Workspace& workspace,
                                          const instance::Environment& environment) {
  TRY_ASSIGN(const image::Store store, open_store(workspace));
  return plan_mounts(plan_input(workspace, environment, store, "<random>"));
}

std::vector<host::ShareStatus> describe_shares(const instance::Workspace& workspace,
                                               const instance::Environment& environment) {
  const auto running = find_running(environment);
  const bool runs = running && running->has_value();
  const host::ShareChoice& shares = runs ? (*running)->record.shares : environment.spec.shares;
  const auto store = open_store(workspace);
  return host::share_statuses(shares, store ? facts_for(workspace, environment, shares, *store)
                                            : host::probe(workspace.user));
}

}  // namespace devenv::session

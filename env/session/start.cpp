// SPDX-License-Identifier: MIT
// From "stopped" to "running": the lock, the namespaces, the root. launch.hpp has the processes.
#include <sched.h>

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
#include "env/session/library_cache.hpp"
#include "env/session/nvidia.hpp"
#include "env/session/plan.hpp"
#include "env/session/provision.hpp"
#include "env/session/running_internal.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"

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

std::vector<OwnNamespace> own_namespaces(const host::ShareChoice& shares) {
  std::vector<OwnNamespace> own;
  for (const OwnNamespace& candidate : kOwnNamespaces) {
    if (!shares.wants(candidate.share)) {
      own.push_back(candidate);
    }
  }
  return own;
}

Result<void> make_own_namespaces(const instance::Environment& environment) {
  int flags = 0;
  for (const OwnNamespace& own : own_namespaces(environment.spec.shares)) {
    flags |= own.flag;
  }
  if (flags != 0) {
    TRY(sys::leave_namespaces(flags));
  }
  if ((flags & CLONE_NEWNET) != 0) {
    TRY(sys::bring_loopback_up());
  }
  if ((flags & CLONE_NEWUTS) != 0) {
    TRY(sys::set_host_name(environment.name.string()));
  }
  return {};
}

/// Links of ours to files of the host that are not shared any more: below them are the image's own.
Result<void> remove_unshared_links(const instance::Environment& environment) {
  TRY_ASSIGN(const sys::UniqueFd upper, sys::open_file(environment.upper(), O_PATH | O_DIRECTORY));
  for (const host::Share& share : host::all_shares()) {
    for (const std::string_view path : text::split(share.links, ' ')) {
      if (environment.spec.shares.wants(share.name) || !path.starts_with("/etc/")) {
        continue;
      }
      const auto parent = sys::open_parent_in_root(upper.get(), std::string(path));
      const auto target = parent ? sys::read_link_at(parent->directory.get(), parent->name)
                                 : Result<std::string>(fail(parent.error()));
      if (target && target->starts_with(std::string(kHostRootInside) + "/")) {
        TRY(sys::remove_file_at(parent->directory.get(), parent->name));
      }
    }
  }
  return {};
}

/// What a root is put together from; everything is looked up before the first fork.
struct RootInput {
  const instance::Environment& environment;
  const sandbox::RootLayout& layout;
  const sandbox::IdMap& map;
  const sandbox::MountPlan& plan;
  const DriverLibraries& libraries;
  const sys::User& user;
  std::string group_name;  ///< of the user
  int lock = -1;
  int door = -1;  ///< see HostDoor
};

/// In the new namespaces, as the user with all capabilities.
Result<Prepared> prepare_root(const RootInput& input) {
  const instance::Environment& environment = input.environment;
  const sys::User& user = input.user;
  sys::set_umask(0);
  TRY(make_own_namespaces(environment));
  TRY_ASSIGN(sandbox::OpenedPlan opened, sandbox::open_sources(input.plan));
  TRY(remove_unshared_links(environment));
  TRY_ASSIGN(const sandbox::MountedRoot mounted,
             sandbox::mount_root(environment.state.storage, input.layout, input.lock));
  // Before anything of the host is mounted, so that no link of the image leads there. What is
  // written belongs to root.
  sys::set_file_system_ids(0, 0);
  TRY_ASSIGN(std::string shell, provision(mounted.root.get(), user, input.group_name, input.map));
  TRY_ASSIGN(const auto skipped, sandbox::apply(std::move(opened), mounted.root.get()));
  for (const std::string& line : skipped) {
    LOG_INFO("not mounted: {}", line);
  }
  open_host_door(input.door, format("/proc/self/fd/{}", mounted.root.get()), user);
  // Giving up id 0 also gives up the capabilities for files: nothing is made after this.
  sys::set_file_system_ids(user.uid.get(), user.gid.get());
  sys::make_dumpable();  // changing ids took that away, and the starter has to look at us
  TRY(sys::change_root(mounted.root.get()));
  update_library_cache(input.libraries);
  if (environment.spec.shares.wants("locale")) {
    make_missing_locales(sys::current_environment());
  }
  return Prepared{mounted.server_pid, std::move(shell)};
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
    TRY(sys::make_directories(environment.private_home(), 0700));
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
  return session::launch(std::move(launch), spawn, prepare);
}

/// The holder was killed while others live on in its namespaces: a new one joins them, so that the
/// upper directory is never mounted a second time.
Result<void> adopt(const instance::Workspace& workspace,
                   const instance::Environment& environment,
                   const Running& orphans) {
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
  return session::launch(std::move(launch), spawn, prepare);
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
      TRY_CONTEXT(running ? adopt(workspace, environment, *running)
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

// SPDX-License-Identifier: MIT
// Is an environment running, and through which process is it joined.
#include <sched.h>

#include <algorithm>
#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/session/running_internal.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/namespaces.hpp"

namespace devenv::session {
namespace {

constexpr std::uint64_t kSchema = 1;
constexpr std::chrono::milliseconds kNow{0};

}  // namespace

std::optional<sys::UniqueFd> hold_process(pid_t pid, std::uint64_t start_time) {
  if (pid <= 0) {
    return std::nullopt;
  }
  auto process = sys::open_pidfd(pid);
  if (!process) {
    return std::nullopt;
  }
  const auto started = sys::process_start_time(pid);
  const auto ended = sys::wait_pidfd(process->get(), kNow);
  if (!started || *started != start_time || !ended || *ended) {
    return std::nullopt;
  }
  return *std::move(process);
}

namespace {

/// Whether the process sees the session file of this start. Namespace numbers are used again by the
/// kernel once they are free; a random id is not.
bool sees_session(const sys::UniqueFd& process, const std::string& session_id) {
  auto child = sys::fork_child(0, [&]() -> int {
    if (!sys::join_namespaces(process.get(), CLONE_NEWUSER | CLONE_NEWNS)) {
      return 1;
    }
    const auto contents = sys::read_file(kSessionFileInside, 4096);
    return contents && text::trim(*contents) == session_id ? 0 : 1;
  });
  if (!child) {
    return false;
  }
  const auto status = child->wait();
  return status && status->success();
}

/// A process that lives on in the namespaces of a holder that was killed; else one with a copy of
/// its mounts (sessions of ssh.hpp, `sudo unshare --mount`): while they have the root mounted, it
/// must be joined and not be mounted a second time. In a user namespace below there are sandboxes.
std::optional<sys::UniqueFd> find_survivor(const RunningRecord& record) {
  std::vector<pid_t> with_copy;
  std::vector<pid_t> candidates;
  for (const pid_t pid : sys::list_processes().value_or(std::vector<pid_t>{})) {
    if (pid == record.server_pid ||
        sys::namespace_id(pid, "user").value_or(0) != record.user_namespace) {
      continue;
    }
    const auto mounts = sys::namespace_id(pid, "mnt");
    if (mounts) {
      (*mounts == record.mount_namespace ? candidates : with_copy).push_back(pid);
    }
  }
  candidates.insert(candidates.end(), with_copy.begin(), with_copy.end());
  for (const pid_t pid : candidates) {
    auto process = sys::open_pidfd(pid);
    if (process && sees_session(*process, record.session_id)) {
      return *std::move(process);
    }
  }
  return std::nullopt;
}

/// Whether the process has locked this very file; one that merely reads it (a backup) has not.
/// Source: proc(5), "lock:" in /proc/pid/fdinfo.
bool has_locked(pid_t pid, const struct stat& file) {
  const std::string process = format("/proc/{}", pid);
  for (const std::string& fd :
       sys::list_directory(process + "/fd").value_or(std::vector<std::string>{})) {
    const auto open = sys::stat_path(process + "/fd/" + fd);
    if (open && *open && (*open)->st_ino == file.st_ino && (*open)->st_dev == file.st_dev &&
        sys::read_file(process + "/fdinfo/" + fd).value_or("").find("FLOCK") != std::string::npos) {
      return true;
    }
  }
  return false;
}

/// Whether something keeps it running, whatever its record says.
bool is_locked(const instance::EnvironmentDirectory& environment) {
  const auto lock =
      sys::FileLock::try_acquire_existing(environment.lock_file(), sys::LockMode::exclusive);
  return lock && !*lock;
}

/// Another `devenv rm`, say, has the lock for a moment.
bool is_devenv(pid_t pid) {
  const auto program = sys::stat_path(format("/proc/{}/exe", pid));
  const auto self = sys::stat_path("/proc/self/exe");
  return program && *program && self && *self && (*program)->st_ino == (*self)->st_ino &&
         (*program)->st_dev == (*self)->st_dev;
}

Result<RunningRecord> load_record(const std::string& path) {
  TRY_ASSIGN(const std::string contents, sys::read_regular_file(path));
  TRY_ASSIGN(const Json document, json::parse(contents));
  return RunningRecord::from_json(document);
}

}  // namespace

Json RunningRecord::to_json() const {
  Json json{{"schema", kSchema},
            {"boot_id", boot_id},
            {"session_id", session_id},
            {"name", name},
            {"pid", pid},
            {"start_time", start_time},
            {"user_namespace", user_namespace},
            {"mount_namespace", mount_namespace},
            {"started_at", started_at},
            {"shell", shell},
            {"image_environment", image_environment},
            {"server_pid", server_pid},
            {"server_start_time", server_start_time},
            {"namespaces", namespaces},
            {"share", shares.on},
            {"no_share", shares.off}};
  json["broker"] = Json{{"policy", instance::to_string(broker.policy)},
                        {"pid", broker.pid},
                        {"start_time", broker.start_time}};
  if (driver != DriverRecord{}) {
    json["driver"] =
        Json{{"variables", driver.variables}, {"watched", driver.watched}, {"stamp", driver.stamp}};
  }
  return json;
}

Result<RunningRecord> RunningRecord::from_json(const Json& json) {
  RunningRecord record;
  TRY_ASSIGN(const std::uint64_t schema, json::get_uint(json, "schema"));
  if (schema > kSchema) {
    return fail(Error(ErrorCode::unsupported, "it was started by a newer devenv")
                    .with_hint("update devenv"));
  }
  TRY_ASSIGN(record.boot_id, json::get_string(json, "boot_id"));
  TRY_ASSIGN(record.session_id, json::get_string(json, "session_id"));
  TRY_ASSIGN(record.name, json::get_string(json, "name"));
  TRY_ASSIGN(const std::uint64_t pid, json::get_uint(json, "pid"));
  record.pid = static_cast<pid_t>(pid);
  TRY_ASSIGN(record.start_time, json::get_uint(json, "start_time"));
  TRY_ASSIGN(record.user_namespace, json::get_uint(json, "user_namespace"));
  record.mount_namespace = json::get_uint(json, "mount_namespace").value_or(0);
  TRY_ASSIGN(record.started_at, json::get_string(json, "started_at"));
  TRY_ASSIGN(record.shell, json::get_string(json, "shell"));
  TRY_ASSIGN(record.image_environment, json::get_strings(json, "image_environment"));
  if (auto server = json::get_uint(json, "server_pid")) {
    record.server_pid = static_cast<pid_t>(*server);
    TRY_ASSIGN(record.server_start_time, json::get_uint(json, "server_start_time"));
  }
  // Not in files of the first version.
  TRY_ASSIGN(record.namespaces, json::strings_or_none(json, "namespaces"));
  TRY_ASSIGN(record.shares.on, json::strings_or_none(json, "share"));
  TRY_ASSIGN(record.shares.off, json::strings_or_none(json, "no_share"));
  if (const Json* broker = json::find(json, "broker")) {
    TRY_ASSIGN(const std::string policy, json::get_string(*broker, "policy"));
    TRY_ASSIGN(record.broker.policy, instance::parse_host_commands(policy));
    record.broker.pid = static_cast<pid_t>(json::get_uint(*broker, "pid").value_or(0));
    record.broker.start_time = json::get_uint(*broker, "start_time").value_or(0);
  }
  if (const Json* driver = json::find(json, "driver")) {
    TRY_ASSIGN(record.driver.variables, json::get_strings(*driver, "variables"));
    TRY_ASSIGN(record.driver.watched, json::get_strings(*driver, "watched"));
    TRY_ASSIGN(record.driver.stamp, json::get_string(*driver, "stamp"));
  }
  return record;
}

int RunningRecord::namespace_flags() const {
  int flags = CLONE_NEWUSER | CLONE_NEWNS;
  for (const OwnNamespace& own : kOwnNamespaces) {
    if (std::find(namespaces.begin(), namespaces.end(), own.name) != namespaces.end()) {
      flags |= own.flag;
    }
  }
  return flags;
}

Result<std::optional<RunningRecord>> read_record(
    const instance::EnvironmentDirectory& environment) {
  auto record = load_record(environment.running_file());
  if (!record) {
    if (record.error().sys_errno() == ENOENT) {
      return std::nullopt;
    }
    if (record.error().sys_errno() != 0) {
      return fail(record.error());
    }
    if (record.error().code() == ErrorCode::unsupported && is_locked(environment)) {
      return fail(record.error().context(
          format("cannot join environment '{}'", environment.name.string())));
    }
    // Damaged: as good as none. Whoever starts or stops finds a living holder by its lock.
    LOG_WARN("ignoring {}: {}", environment.running_file(), record.error().to_line());
    return std::nullopt;
  }
  TRY_ASSIGN(const std::string boot, sys::boot_id());
  if (record->boot_id != boot) {
    return std::nullopt;  // from before a reboot
  }
  return std::optional<RunningRecord>(*std::move(record));
}

Result<std::optional<Running>> find_running(const instance::EnvironmentDirectory& environment) {
  TRY_ASSIGN(auto record, read_record(environment));
  if (!record) {
    return std::nullopt;
  }
  if (auto holder = hold_process(record->pid, record->start_time)) {
    return std::optional<Running>(
        Running{.record = *std::move(record), .process = *std::move(holder)});
  }
  if (auto survivor = find_survivor(*record)) {
    return std::optional<Running>(
        Running{.record = *std::move(record), .process = *std::move(survivor), .orphaned = true});
  }
  return std::nullopt;
}

bool file_system_alive(const RunningRecord& record) {
  return record.server_pid <= 0 ||
         hold_process(record.server_pid, record.server_start_time).has_value();
}

Result<std::vector<pid_t>> processes_inside(const Running& running) {
  TRY_ASSIGN(const auto pids, sys::list_processes());
  TRY_ASSIGN(const std::uint64_t here, sys::namespace_id(sys::current_pid(), "mnt"));
  std::vector<pid_t> inside;
  for (const pid_t pid : pids) {
    const bool ours =
        (pid == running.record.pid && !running.orphaned) || pid == running.record.server_pid;
    if (ours || !sys::is_in_user_namespace(pid, running.record.user_namespace)) {
      continue;
    }
    // A process that ended and waits for its parent has no mount namespace any more; one that only
    // looks in from outside has that of the host (see open_export_source).
    const auto mounts = sys::namespace_id(pid, "mnt");
    if (mounts && *mounts != here) {
      inside.push_back(pid);
    }
  }
  return inside;
}

std::vector<LockOwner> find_lock_owners(const instance::EnvironmentDirectory& environment) {
  std::vector<LockOwner> owners;
  const auto lock = sys::stat_path(environment.lock_file());
  const auto pids = sys::list_processes();
  if (!lock || !*lock || !pids) {
    return owners;
  }
  for (const pid_t pid : *pids) {
    // Not by the name of the server: that may be wrapped (".fuse-overlayfs-wrapped" on NixOS).
    if (!is_devenv(pid) && has_locked(pid, **lock)) {
      const auto name = sys::read_file(format("/proc/{}/comm", pid), 64);
      owners.push_back({.pid = pid, .is_holder = text::trim(name.value_or("")) == kHolderName});
    }
  }
  return owners;
}

}  // namespace devenv::session

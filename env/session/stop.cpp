// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <csignal>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/session/running_internal.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/namespaces.hpp"

namespace devenv::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollInterval{10};
constexpr milliseconds kKillPatience{10000};
constexpr int kRounds = 5;

void signal_all(const std::vector<pid_t>& pids,
                std::uint64_t user_namespace,
                std::initializer_list<int> signals) {
  for (const pid_t pid : pids) {
    // Held first, looked at again afterwards: the pid may be another process's by now.
    const auto process = sys::open_pidfd(pid);
    if (!process || !sys::is_in_user_namespace(pid, user_namespace)) {
      continue;
    }
    for (const int number : signals) {
      (void)sys::signal_pidfd(process->get(), number);
    }
  }
}

/// Processes that are left after waiting until there are none, or until the time is over.
Result<std::vector<pid_t>> wait_until_empty(const Running& running,
                                            milliseconds time,
                                            std::initializer_list<int> repeated_signals) {
  const auto deadline = steady_clock::now() + time;
  while (true) {
    TRY_ASSIGN(std::vector<pid_t> left, processes_inside(running));
    if (left.empty() || steady_clock::now() >= deadline) {
      return left;
    }
    // New ones may have been forked since the last round.
    signal_all(left, running.record.user_namespace, repeated_signals);
    sys::sleep_for(kPollInterval);
  }
}

Result<void> end_process(int process, pid_t pid, int number, milliseconds patience) {
  (void)sys::signal_pidfd(process, number);
  TRY_ASSIGN(const bool ended, sys::wait_pidfd(process, patience));
  if (ended) {
    return {};
  }
  (void)sys::signal_pidfd(process, SIGKILL);
  TRY_ASSIGN(const bool killed, sys::wait_pidfd(process, kKillPatience));
  return killed ? Result<void>() : fail(ErrorCode::failed, format("process {} does not end", pid));
}

Result<void> end_processes(const Running& running, milliseconds grace) {
  TRY_ASSIGN(const auto inside, processes_inside(running));
  // Interactive shells ignore TERM and end on HUP; stopped processes must be able to act on either.
  signal_all(inside, running.record.user_namespace, {SIGTERM, SIGHUP, SIGCONT});
  TRY(wait_until_empty(running, grace, {}));
  TRY_ASSIGN(const auto left, wait_until_empty(running, kKillPatience, {SIGKILL}));
  if (!left.empty()) {
    return fail(ErrorCode::failed, format("process {} does not end", left.front()));
  }
  return {};
}

Result<void> end_running(const Running& running, milliseconds grace) {
  const RunningRecord& record = running.record;
  TRY(end_processes(running, grace));
  // The server ends cleanly on TERM: it finishes what was written.
  if (record.server_pid > 0 && file_system_alive(record)) {
    TRY_ASSIGN(const sys::UniqueFd server, sys::open_pidfd(record.server_pid));
    TRY(end_process(server.get(), record.server_pid, SIGTERM, grace));
  }
  return running.orphaned ? Result<void>()
                          : end_process(running.process.get(), record.pid, SIGKILL, kKillPatience);
}

/// A holder whose running.json was lost, with everything in its namespaces; or a server whose
/// holder was killed.
Result<void> end_owner(const LockOwner& owner, milliseconds grace) {
  LOG_WARN("ending process {} that still has the lock", owner.pid);
  if (owner.is_holder) {
    Running unrecorded;
    unrecorded.record.pid = owner.pid;
    TRY_ASSIGN(unrecorded.record.user_namespace, sys::namespace_id(owner.pid, "user"));
    TRY_ASSIGN(unrecorded.process, sys::open_pidfd(owner.pid));
    return end_running(unrecorded, grace);
  }
  TRY_ASSIGN(const sys::UniqueFd server, sys::open_pidfd(owner.pid));
  return end_process(server.get(), owner.pid, SIGKILL, kKillPatience);
}

}  // namespace

Result<bool> end_everything(const instance::EnvironmentDirectory& environment, milliseconds grace) {
  const auto stop_error = [&environment](const Error& error) {
    return fail(error.context(format("cannot stop environment '{}'", environment.name.string())));
  };
  bool was_running = false;
  // Once more each time: somebody may have been about to join when the processes were listed, and
  // lives on without the holder.
  for (int round = 0; round < kRounds; ++round) {
    TRY_ASSIGN(const auto running, find_running(environment));
    if (!running) {
      break;
    }
    was_running = true;
    if (auto ended = end_running(*running, grace); !ended) {
      return stop_error(ended.error());
    }
  }
  for (const LockOwner& owner : find_lock_owners(environment)) {
    was_running = true;
    if (auto ended = end_owner(owner, grace); !ended) {
      return stop_error(ended.error());
    }
  }
  // Whoever has the lock now is out of our sight, in another pid namespace: it still runs.
  TRY_ASSIGN(const auto lock,
             sys::FileLock::try_acquire(environment.lock_file(), sys::LockMode::exclusive));
  if (!lock) {
    return stop_error(Error(ErrorCode::conflict, "a process that cannot be seen from here runs it")
                          .with_hint("stop it where it was started"));
  }
  TRY(sys::remove_file(environment.running_file()));
  return was_running;
}

Result<bool> stop(const instance::EnvironmentDirectory& environment, milliseconds grace) {
  TRY_ASSIGN(const sys::FileLock starting,
             sys::FileLock::acquire(environment.start_lock_file(), sys::LockMode::exclusive));
  return end_everything(environment, grace);
}

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <csignal>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/session/running_internal.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollInterval{10};
constexpr milliseconds kKillPatience{10000};
constexpr int kRounds = 5;

void signal_all(const std::vector<pid_t>& pids, std::initializer_list<int> signals) {
  for (const pid_t pid : pids) {
    // Held first: a pid that ended may already be somebody else's, but then it is not inside, and
    // the check in processes_inside is a moment old at most.
    const auto process = sys::open_pidfd(pid);
    for (const int number : signals) {
      if (process) {
        (void)sys::signal_pidfd(process->get(), number);
      }
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
    signal_all(left, repeated_signals);
    sys::sleep_for(kPollInterval);
  }
}

Result<void> end_process(pid_t pid, int number, milliseconds patience) {
  auto process = sys::open_pidfd(pid);
  if (!process) {
    return {};
  }
  (void)sys::signal_pidfd(process->get(), number);
  TRY_ASSIGN(const bool ended, sys::wait_pidfd(process->get(), patience));
  if (ended) {
    return {};
  }
  (void)sys::signal_pidfd(process->get(), SIGKILL);
  TRY_ASSIGN(const bool killed, sys::wait_pidfd(process->get(), kKillPatience));
  return killed ? Result<void>() : fail(ErrorCode::failed, format("process {} does not end", pid));
}

Result<void> end_processes(const Running& running, milliseconds grace) {
  TRY_ASSIGN(const auto inside, processes_inside(running));
  // Interactive shells ignore TERM and end on HUP; stopped processes must be able to act on either.
  signal_all(inside, {SIGTERM, SIGHUP, SIGCONT});
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
    TRY(end_process(record.server_pid, SIGTERM, grace));
  }
  return running.orphaned ? Result<void>() : end_process(record.pid, SIGKILL, kKillPatience);
}

}  // namespace

Result<void> end_everything(const instance::Environment& environment, milliseconds grace) {
  // Once more each time: somebody may have been about to join when the processes were listed, and
  // lives on without the holder.
  for (int round = 0; round < kRounds; ++round) {
    TRY_ASSIGN(const auto running, find_running(environment));
    if (!running) {
      break;
    }
    TRY_CONTEXT(end_running(*running, grace),
                format("cannot stop environment '{}'", environment.name.string()));
  }
  // A holder whose running.json was lost, and servers whose holder was killed.
  for (const LockOwner& owner : find_lock_owners(environment)) {
    LOG_WARN("ending {} {} that still has the lock", owner.name, owner.pid);
    TRY(end_process(owner.pid, SIGKILL, kKillPatience));
  }
  return sys::remove_file(environment.running_file());
}

Result<void> stop(const instance::Environment& environment, milliseconds grace) {
  TRY_ASSIGN(const sys::FileLock starting,
             sys::FileLock::acquire(environment.start_lock_file(), sys::LockMode::exclusive));
  return end_everything(environment, grace);
}

}  // namespace devenv::session

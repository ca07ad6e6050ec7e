// SPDX-License-Identifier: MIT
// Ended in the middle: by a signal, by the death of a worker, by nobody listening any more.
#include <doctest/doctest.h>

#include <csignal>
#include <thread>

#include "env/base/text.hpp"
#include "tests/integration/fetch/fixture.hpp"

namespace devenv::image::fetch::testing {
namespace {

using namespace std::chrono_literals;

/// The children of a process with this name (as ps shows it, 15 characters).
std::vector<pid_t> children_of(pid_t parent, std::string_view name) {
  std::vector<pid_t> found;
  for (const pid_t pid : sys::list_processes().value_or(std::vector<pid_t>{})) {
    const auto stat = sys::read_file(format("/proc/{}/stat", pid));
    const std::string wanted = format("{} ({}) ", pid, name);
    if (stat && stat->starts_with(wanted) &&
        text::split(std::string_view(*stat).substr(wanted.size()), ' ').at(1) ==
            std::to_string(parent)) {
      found.push_back(pid);
    }
  }
  return found;
}

/// Until no process works on the store any more; a bound, not a measure.
void wait_until_quiet(const std::vector<pid_t>& workers) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    bool alive = false;
    for (const pid_t pid : workers) {
      const auto stat = sys::read_file(format("/proc/{}/stat", pid));
      alive = alive || (stat && stat->find(") Z ") == std::string::npos &&
                        stat->find("devenv-") != std::string::npos);
    }
    if (!alive) {
      return;
    }
    std::this_thread::sleep_for(50ms);
  }
  FAIL("workers live on");
}

TEST_CASE("interrupt: a signal leaves parts for later and nothing half-made") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(number);
    const StoreFolder store;
    const std::string reference = registry->reference("stalled", "big");
    RunningWorker worker(pull(store, reference));
    worker.wait_for_bytes();
    worker.signal(number);
    const Run run = worker.finish();
    CHECK(run.status.signal == number);
    REQUIRE(run.outcome);
    REQUIRE_FALSE(*run.outcome);
    CHECK(run.outcome->error().code() == ErrorCode::interrupted);
    CHECK(store.names("tmp") == store.names("tmp", ".partial"));
    CHECK_FALSE(store.names("tmp").empty());
    CHECK(store.images().empty());
    (void)run_worker(pull(store, registry->reference("ok", "big"))).record();
    CHECK(store.names("tmp").empty());
  }
}

TEST_CASE("interrupt: before there is anything to clean up a signal just ends it") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  // The second asks for a lock that the first has.
  RunningWorker first(pull(store, registry->reference("stalled", "big")));
  first.wait_for_bytes();
  RunningWorker second(pull(store, registry->reference("stalled", "big")));
  second.wait_for("waiting for another");
  second.signal(SIGTERM);
  CHECK(second.finish().status.signal == SIGTERM);
  first.signal(SIGTERM);
  CHECK(first.finish().status.signal == SIGTERM);
}

TEST_CASE("interrupt: nobody listens any more") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  RunningWorker worker(pull(store, registry->reference("stalled", "big")));
  worker.wait_for_bytes();
  worker.close_reader();
  CHECK(worker.finish().status.code == 1);
  CHECK(store.names("tmp") == store.names("tmp", ".partial"));
}

TEST_CASE("interrupt: the death of a worker is an error that says so") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  RunningWorker worker(pull(store, registry->reference("stalled", "big")));
  worker.wait_for_bytes();
  const auto downloads = children_of(worker.pid(), "devenv-download");
  REQUIRE_FALSE(downloads.empty());
  auto victim = sys::open_pidfd(downloads.front());
  REQUIRE(victim);
  REQUIRE(sys::signal_pidfd(victim->get(), SIGKILL));
  const Error error = worker.finish().error();
  CHECK(error.code() == ErrorCode::failed);
  CHECK(error.to_line().find("was killed by signal 9") != std::string::npos);
  CHECK(error.hint().find("memory") != std::string::npos);
  CHECK(store.names("tmp") == store.names("tmp", ".partial"));
}

TEST_CASE("interrupt: the death of a worker is noticed while others do not move") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  RunningWorker worker(pull(store, registry->reference("stalled", "big")));
  worker.wait_for_bytes();
  const auto send = [](pid_t pid, int number) {
    const auto process = sys::open_pidfd(pid);
    REQUIRE(process);
    REQUIRE(sys::signal_pidfd(process->get(), number));
  };
  const auto unpackers = children_of(worker.pid(), "devenv-unpack");
  REQUIRE_FALSE(unpackers.empty());
  for (const pid_t pid : unpackers) {
    send(pid, SIGSTOP);
  }
  const auto downloads = children_of(worker.pid(), "devenv-download");
  REQUIRE_FALSE(downloads.empty());
  send(downloads.front(), SIGKILL);
  const Error error = worker.finish().error();
  CHECK(error.to_line().find("the process that gets layer") != std::string::npos);
  CHECK(store.names("tmp") == store.names("tmp", ".partial"));
}

TEST_CASE("interrupt: after kill -9 the workers end and the next pull works") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  RunningWorker worker(pull(store, registry->reference("stalled", "big")));
  worker.wait_for_bytes();
  std::vector<pid_t> workers = children_of(worker.pid(), "devenv-download");
  const auto unpackers = children_of(worker.pid(), "devenv-unpack");
  workers.insert(workers.end(), unpackers.begin(), unpackers.end());
  CHECK(workers.size() >= 2);
  worker.signal(SIGKILL);
  CHECK(worker.finish().status.signal == SIGKILL);
  wait_until_quiet(workers);
  CHECK_FALSE(store.names("tmp", ".layer").empty());  // nobody could clean up
  (void)run_worker(pull(store, registry->reference("ok", "big"))).record();
  CHECK(store.names("tmp").empty());
}

}  // namespace
}  // namespace devenv::image::fetch::testing

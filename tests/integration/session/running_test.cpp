// SPDX-License-Identifier: MIT
// Who is found to be running, and joined: real processes in real namespaces, forged records.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>

#include <csignal>
#include <functional>

#include "env/sandbox/user_namespace.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "tests/integration/sandbox/fixture.hpp"

namespace devenv::session {
namespace {

using sandbox::testing::own_map;
using sandbox::testing::Scratch;

constexpr std::chrono::seconds kPatience{20};

/// A process with namespaces of its own that waits, as a holder does, and a directory that has its
/// record.
class Stage {
 public:
  Stage() : scratch_(own_map()), holder_(start()) {
    place_.directory = scratch_.path();
    record_ = RunningRecord{
        .boot_id = sys::boot_id().value_or(""),
        .session_id = "feed",
        .name = "box",
        .pid = holder_.pid(),
        .start_time = sys::process_start_time(holder_.pid()).value_or(0),
        .user_namespace = sys::namespace_id(holder_.pid(), "user").value_or(0),
        .mount_namespace = sys::namespace_id(holder_.pid(), "mnt").value_or(0),
        .started_at = "2026-01-01T00:00:00Z",
        .shell = "/bin/sh",
    };
  }

  const instance::EnvironmentDirectory& place() const { return place_; }
  const sys::Child& holder() const { return holder_; }
  sys::Child& holder() { return holder_; }

  /// Whether it is found with a record that `change` forged.
  bool found(const std::function<void(RunningRecord&)>& change) const {
    RunningRecord record = record_;
    change(record);
    const auto written =
        sys::write_file_atomic(place_.running_file(), json::dump(record.to_json()));
    const auto running = find_running(place_);
    CHECK(written);
    REQUIRE(running);
    return running->has_value();
  }

 private:
  sys::Child start() const {
    auto ready = sys::make_pipe();
    REQUIRE(ready);
    auto child = sandbox::spawn_in_user_namespace(
        scratch_.map(), sandbox::MountNamespace::own, [&ready]() -> int {
          sys::set_process_name("inside");
          (void)sys::write_all(ready->write_end.get(), "x");
          sys::close_all_fds();
          sys::wait_forever();
        });
    REQUIRE(child);
    ready->write_end.reset();
    CHECK(sys::read_all(ready->read_end.get()).value_or("") == "x");
    return *std::move(child);
  }

  Scratch scratch_;
  sys::Child holder_;
  instance::EnvironmentDirectory place_{instance::EnvironmentName::parse("box").value(), ""};
  RunningRecord record_;
};

void unchanged(RunningRecord&) {}

}  // namespace

TEST_CASE("running: the process of the record, and no other") {
  const Stage stage;
  CHECK(stage.found(unchanged));
  CHECK_FALSE(stage.found([](RunningRecord& record) { record.boot_id = "before-the-reboot"; }));
  // Its number went to another process: the namespaces are another's, too.
  const auto other = [](RunningRecord& record) {
    ++record.start_time;
    record.user_namespace = 1;
  };
  CHECK_FALSE(stage.found(other));
  CHECK_FALSE(stage.found([&](RunningRecord& record) {
    other(record);
    record.pid = 1;
  }));
}

TEST_CASE("running: one join puts a process into the holder's namespaces") {
  const Stage stage;
  REQUIRE(stage.found(unchanged));
  const auto running = find_running(stage.place());
  REQUIRE(running);
  REQUIRE(running->has_value());
  auto child = sys::fork_child(0, [&]() -> int {
    if (!sys::join_namespaces((*running)->process.get(), CLONE_NEWUSER | CLONE_NEWNS)) {
      return 1;
    }
    const bool same = sys::namespace_id(sys::current_pid(), "user").value_or(0) ==
                          (*running)->record.user_namespace &&
                      sys::namespace_id(sys::current_pid(), "mnt").value_or(0) ==
                          (*running)->record.mount_namespace;
    return same ? 0 : 2;
  });
  REQUIRE(child);
  CHECK(child->wait()->code == 0);
}

TEST_CASE("running: what lives inside is listed, and ended by stop") {
  Stage stage;
  REQUIRE(stage.found(unchanged));
  const auto running = find_running(stage.place());
  auto inside = sys::fork_child(0, [&]() -> int {
    // Deaf to TERM: it has to be killed.
    sys::ignore_signal(SIGTERM);
    sys::ignore_signal(SIGHUP);
    if (!sys::join_namespaces((*running)->process.get(), CLONE_NEWUSER | CLONE_NEWNS)) {
      return 1;
    }
    sys::wait_forever();
  });
  REQUIRE(inside);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::vector<pid_t> listed;
  while (listed.empty() && std::chrono::steady_clock::now() < deadline) {
    listed = processes_inside(**running).value_or(std::vector<pid_t>{});
  }
  CHECK(listed == std::vector<pid_t>{inside->pid()});
  const auto stopped = stop(stage.place(), std::chrono::milliseconds(50));
  REQUIRE_MESSAGE(stopped, stopped.error().to_line());
  CHECK(*stopped);
  CHECK(inside->wait()->signal == SIGKILL);
  CHECK(stage.holder().wait()->signal == SIGKILL);
  CHECK_FALSE(sys::exists(stage.place().running_file()));
  CHECK_FALSE(*stop(stage.place(), std::chrono::milliseconds(50)));
}

TEST_CASE("running: a record of a newer devenv counts only while something has the lock") {
  const Stage stage;
  REQUIRE(stage.found(unchanged));
  const std::string file = stage.place().running_file();
  REQUIRE(sys::write_file_atomic(file, R"({"schema": 999})"));
  REQUIRE(sys::write_file_atomic(stage.place().lock_file(), ""));
  CHECK_FALSE(find_running(stage.place())->has_value());
  const auto lock = sys::FileLock::acquire(stage.place().lock_file(), sys::LockMode::exclusive);
  REQUIRE(lock);
  const auto refused = find_running(stage.place());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::unsupported);
}

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
#include "env/sys/process.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

using devenv::ErrorCode;
using devenv::format;
using devenv::test::Scratch;
namespace sys = devenv::sys;
using sys::Command;
using namespace std::chrono_literals;

namespace {

sys::Captured run(Command command) {
  auto captured = sys::run_captured(std::move(command));
  REQUIRE(captured);
  return std::move(*captured);
}

Command shell(const std::string& script) {
  return {.argv = {"sh", "-c", script}};
}

}  // namespace

TEST_CASE("process: output and exit status come back") {
  const auto done = run(shell("echo out; echo err >&2; exit 7"));
  CHECK(done.out == "out\n");
  CHECK(done.err == "err\n");
  CHECK(done.status.code == 7);
  CHECK_FALSE(done.status.success());
  CHECK(done.status.to_string() == "exited with status 7");
  CHECK(run({.argv = {"true"}}).status.success());

  const auto killed = run(shell("kill -9 $$"));
  CHECK(killed.status.signal == 9);
  CHECK_FALSE(killed.status.success());
  CHECK(killed.status.to_string() == "was killed by signal 9");
}

TEST_CASE("process: much output on both streams at once does not block") {
  const auto done =
      run(shell("i=0; while [ $i -lt 2000 ]; do echo $i$i$i$i$i$i$i$i$i$i$i$i; "
                "echo $i$i$i$i$i$i$i$i$i$i$i$i >&2; i=$((i+1)); done"));
  CHECK(done.out.size() > 64 * 1024);
  CHECK(done.out == done.err);
}

TEST_CASE("process: output beyond the limit is read but not kept") {
  const auto done = run(shell("head -c 20000000 /dev/zero; echo done >&2"));
  CHECK(done.status.success());
  CHECK(done.out.size() <= 16U * 1024 * 1024);
  CHECK(done.err == "done\n");
}

TEST_CASE("process: a program that cannot be run is an error of spawn") {
  const Scratch scratch;
  REQUIRE(sys::write_file_atomic(scratch / "data", "no program", 0644));
  REQUIRE(sys::write_file_atomic(scratch / "garbage", "\1\2\3", 0755));
  const auto error_of = [](Command command) {
    const auto child = sys::spawn(command);
    REQUIRE_FALSE(child);
    return child.error();
  };
  CHECK(error_of({.argv = {"devenv-no-such-program"}}).code() == ErrorCode::not_found);
  CHECK(error_of({.argv = {"devenv-no-such-program"}}).message() ==
        "cannot run 'devenv-no-such-program': No such file or directory");
  CHECK(error_of({.argv = {scratch / "none"}}).code() == ErrorCode::not_found);
  CHECK(error_of({.argv = {scratch / "data"}}).sys_errno() == EACCES);
  CHECK(error_of({.argv = {scratch / "garbage"}}).sys_errno() == ENOEXEC);
  CHECK(error_of({.argv = {}}).code() == ErrorCode::usage);
  CHECK(error_of({.argv = {"true"}, .working_directory = scratch / "none"}).sys_errno() == ENOENT);
  CHECK(error_of({.argv = {"true"}, .kept_fds = {987}}).sys_errno() == EBADF);
}

TEST_CASE("process: variables and working directory are those that were asked for") {
  const Scratch scratch;
  const auto environment = run({.argv = {"env"}, .environment = {{"A=1", "B=two words"}}});
  CHECK(environment.out == "A=1\nB=two words\n");
  const auto directory = run({.argv = {"pwd", "-P"}, .working_directory = scratch.path()});
  CHECK(directory.out == *sys::canonical_path(scratch.path()) + "\n");
}

TEST_CASE("process: standard input is empty unless one is given") {
  CHECK(run(shell("cat")).out.empty());
  auto pipe = sys::make_pipe();
  REQUIRE(pipe);
  REQUIRE(sys::write_all(pipe->write_end.get(), "given"));
  pipe->write_end.reset();
  CHECK(run({.argv = {"cat"}, .stdin_fd = pipe->read_end.get()}).out == "given");
}

TEST_CASE("process: only the descriptors that are named stay open") {
  const Scratch scratch;
  const int leaked = ::open(scratch.path().c_str(), O_RDONLY);  // without close-on-exec, on purpose
  REQUIRE(leaked > 2);
  auto kept = sys::open_file(scratch.path(), O_RDONLY);
  REQUIRE(kept);
  Command command =
      shell(format("for fd in 0 1 2 {} {}; do test -e /proc/self/fd/$fd && echo $fd; "
                   "done; true",
                   leaked, kept->get()));
  command.kept_fds = {kept->get()};
  const auto done = run(command);
  ::close(leaked);
  const bool can_close_all = sys::get_variable("DEVENV_TEST_DENIED").empty();
  CHECK(done.out == (can_close_all ? format("0\n1\n2\n{}\n", kept->get())
                                   : format("0\n1\n2\n{}\n{}\n", leaked, kept->get())));
  CHECK((::fcntl(kept->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("process: works when the caller's standard descriptors are closed or crossed") {
  auto child = sys::fork_child(0, []() -> int {
    ::close(0);
    ::close(1);
    ::close(2);
    const auto missing = sys::spawn({.argv = {"devenv-no-such-program/x"}, .stderr_fd = -1});
    if (missing || missing.error().sys_errno() != ENOENT) {
      return 1;
    }
    const auto done = sys::run_captured(
        {.argv = {"sh", "-c",
                  "cat; for fd in 0 1 2; do test -e /proc/self/fd/$fd || exit 9; done; "
                  "echo out; echo err >&2"}});
    return done && done->status.success() && done->out == "out\n" && done->err == "err\n" ? 0 : 2;
  });
  REQUIRE(child);
  CHECK(child->wait()->code == 0);

  auto crossed = sys::fork_child(0, []() -> int {
    auto pipe = sys::make_pipe();
    if (!pipe || !sys::replace_fd(pipe->write_end.get(), 1)) {
      return 1;
    }
    // Output to 2, errors to 1.
    auto swapped =
        sys::spawn({.argv = {"sh", "-c", "echo err >&2"}, .stdout_fd = 2, .stderr_fd = 1});
    if (!swapped || !swapped->wait()) {
      return 2;
    }
    pipe->write_end.reset();
    ::close(1);
    return sys::read_all(pipe->read_end.get()) == "err\n" ? 0 : 3;
  });
  REQUIRE(crossed);
  CHECK(crossed->wait()->code == 0);
}

TEST_CASE("process: a child starts with default signals, whatever its parent ignores") {
  ::signal(SIGPIPE, SIG_IGN);
  const auto done = run(shell("kill -PIPE $$; echo ignored"));
  ::signal(SIGPIPE, SIG_DFL);
  CHECK(done.status.signal == SIGPIPE);
}

TEST_CASE("process: a child that is not waited for ends with its owner") {
  auto pipe = sys::make_pipe();
  REQUIRE(pipe);
  pid_t pid = -1;
  {
    auto child = sys::spawn({.argv = {"sleep", "1000"}, .stdout_fd = pipe->write_end.get()});
    REQUIRE(child);
    pid = child->pid();
    pipe->write_end.reset();
    CHECK(sys::process_start_time(pid));
    CHECK_FALSE(*sys::wait_pidfd(child->pidfd(), 0ms));
  }
  CHECK(sys::read_all(pipe->read_end.get()) == "");
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("process: moving a child over another one ends the other one") {
  auto first = sys::spawn({.argv = {"sleep", "1000"}});
  auto second = sys::spawn({.argv = {"sh", "-c", "exit 3"}});
  REQUIRE(first);
  REQUIRE(second);
  const pid_t gone = first->pid();
  *first = std::move(*second);
  CHECK(::kill(gone, 0) == -1);
  CHECK(first->wait()->code == 3);
}

TEST_CASE("process: a forked child gives its code and can be signalled and held") {
  auto child = sys::fork_child(0, []() -> int { return 42; });
  REQUIRE(child);
  CHECK(*sys::wait_pidfd(child->pidfd(), 60s));
  CHECK(child->wait()->code == 42);

  auto sleeper = sys::fork_child(0, []() -> int { sys::wait_forever(); });
  REQUIRE(sleeper);
  const auto pidfd = sys::open_pidfd(sleeper->pid());
  REQUIRE(pidfd);
  REQUIRE(sys::signal_pidfd(pidfd->get(), SIGUSR1));
  CHECK(sleeper->wait()->signal == SIGUSR1);
  CHECK(sys::signal_pidfd(pidfd->get(), SIGUSR1).error().code() == ErrorCode::not_found);
}

TEST_CASE("process: a process that is gone is not found") {
  auto child = sys::fork_child(0, []() -> int { return 0; });
  REQUIRE(child);
  const pid_t pid = child->pid();
  REQUIRE(child->wait());
  CHECK(sys::process_start_time(pid).error().code() == ErrorCode::not_found);
  CHECK(sys::open_pidfd(pid).error().code() == ErrorCode::not_found);
  CHECK(sys::namespace_id(pid, "mnt").error().code() == ErrorCode::not_found);
}

TEST_CASE("process: what /proc tells of this process") {
  const auto start = sys::process_start_time(::getpid());
  REQUIRE(start);
  CHECK(*start > 0);
  CHECK(sys::process_start_time(::getpid()) == *start);
  // The name may hold anything, spaces and brackets included.
  auto renamed = sys::fork_child(0, []() -> int {
    auto comm = sys::open_file("/proc/self/comm", O_WRONLY);
    return comm && sys::write_all(comm->get(), "a) b 1 2 3") &&
                   sys::process_start_time(::getpid()) && *sys::process_start_time(::getpid()) > 0
               ? 0
               : 1;
  });
  REQUIRE(renamed);
  CHECK(renamed->wait()->code == 0);

  const auto mounts = sys::namespace_id(::getpid(), "mnt");
  REQUIRE(mounts);
  CHECK(sys::namespace_id(::getpid(), "user") != *mounts);
  auto same = sys::fork_child(
      0, [&]() -> int { return sys::namespace_id(::getpid(), "mnt") == *mounts ? 0 : 1; });
  REQUIRE(same);
  CHECK(same->wait()->code == 0);
  const auto pids = sys::list_processes();
  REQUIRE(pids);
  CHECK(std::count(pids->begin(), pids->end(), ::getpid()) == 1);
  CHECK(sys::boot_id()->size() == 36);
  CHECK(*sys::proportional_set_size(::getpid()) > 0);
}

TEST_CASE("process: programs are found in PATH and where helpers are kept") {
  const Scratch scratch;
  REQUIRE(sys::write_file_atomic(scratch / "devenv-test-tool", "#!/bin/sh\n", 0755));
  REQUIRE(sys::write_file_atomic(scratch / "devenv-test-data", "", 0644));
  const std::string before = sys::get_variable("PATH");
  ::setenv("PATH", format("relative::{}", scratch.path()).c_str(), 1);
  CHECK(sys::find_program("devenv-test-tool") == scratch / "devenv-test-tool");
  CHECK(sys::find_program("devenv-test-data") == std::nullopt);
  CHECK(sys::find_program("sh").has_value());
  CHECK(sys::find_program("./x") == "./x");
  CHECK(sys::find_program("") == std::nullopt);
  ::unsetenv("PATH");
  CHECK(sys::find_program("sh").has_value());
  ::setenv("PATH", before.c_str(), 1);
}

TEST_CASE("process: exec gives the error back when it fails") {
  CHECK(sys::exec_path("/none", {"none"}, {}).code() == ErrorCode::not_found);
  const auto file = sys::open_file("/proc/self/status", O_RDONLY);
  REQUIRE(file);
  CHECK(sys::exec_fd(file->get(), {"x"}, {}).sys_errno() == EACCES);
  auto child = sys::fork_child(0, []() -> int {
    const auto shell = sys::open_file("/bin/sh", O_RDONLY);
    (void)sys::exec_fd(shell->get(), {"sh", "-c", "exit $CODE"}, {"CODE=5"});
    return 1;
  });
  REQUIRE(child);
  CHECK(child->wait()->code == 5);
}

TEST_CASE("process: random names") {
  CHECK(sys::random_hex(16).size() == 32);
  CHECK(sys::random_hex(16) != sys::random_hex(16));
  CHECK(sys::random_hex(8).find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("process: a variable in a list, by its whole name") {
  const std::vector<std::string> variables = {"PATHS=x", "PATH=/a:/b", "EMPTY=", "PATH=later"};
  CHECK(sys::variable_in(variables, "PATH") == "/a:/b");
  CHECK(sys::variable_in(variables, "EMPTY") == "");
  CHECK(sys::variable_in(variables, "PA") == "");
  CHECK(sys::variable_in({}, "PATH") == "");
}

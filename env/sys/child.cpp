// SPDX-License-Identifier: MIT
// A child process from fork to end.
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "env/base/format.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"

namespace devenv::sys {
namespace {

Result<ExitStatus> reap(int pidfd) {
  siginfo_t info{};
  int waited = -1;
  do {
    waited = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED);
  } while (waited == -1 && errno == EINTR);
  if (waited == -1) {
    return fail_errno(errno, "cannot wait for a child process");
  }
  if (info.si_code == CLD_EXITED) {
    return ExitStatus{.code = info.si_status};
  }
  return ExitStatus{.signal = info.si_status};
}

}  // namespace

std::string ExitStatus::to_string() const {
  return signal != 0 ? format("was killed by signal {}", signal)
                     : format("exited with status {}", code);
}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    Child old(std::exchange(pid_, std::exchange(other.pid_, -1)), std::move(pidfd_));
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Child::~Child() {
  if (pid_ > 0) {
    (void)signal_pidfd(pidfd_.get(), SIGKILL);
    (void)reap(pidfd_.get());
  }
}

Result<ExitStatus> Child::wait() {
  TRY_ASSIGN(const ExitStatus status, reap(pidfd_.get()));
  pid_ = -1;
  return status;
}

Result<ExitStatus> Child::wait_in_job() {
  int status = 0;
  while (true) {
    const pid_t waited = ::waitpid(pid_, &status, WUNTRACED);
    if (waited == -1 && errno != EINTR) {
      return fail_errno(errno, "cannot wait for a process");
    }
    if (waited != pid_) {
      continue;
    }
    if (!WIFSTOPPED(status)) {
      break;
    }
    ::raise(SIGSTOP);
    // Ours is the foreground again; a shell that stopped itself had left it to us.
    if (const pid_t group = ::getpgid(pid_); group > 0) {
      (void)::tcsetpgrp(STDIN_FILENO, group);
    }
    ::kill(pid_, SIGCONT);
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? ExitStatus{.signal = WTERMSIG(status)}
                             : ExitStatus{.code = WEXITSTATUS(status)};
}

void ExitStatus::end_like_this() const {
  if (signal != 0) {
    die_by_signal(signal);
  }
  ::_exit(code);
}

Result<void> Child::signal(int number) const {
  return signal_pidfd(pidfd_.get(), number);
}

Result<Child> fork_child(std::uint64_t clone_flags, const std::function<int()>& body) {
  // clone3 gives the pidfd without a race; where a seccomp filter hides it, clone does too.
  int pidfd = -1;
  const long pid =
      ::syscall(SYS_clone, clone_flags | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, 0UL);
  if (pid == -1) {
    return fail_errno(errno, "cannot start a process");
  }
  if (pid == 0) {
    ::_exit(body());
  }
  return Child(static_cast<pid_t>(pid), UniqueFd(pidfd));
}

}  // namespace devenv::sys

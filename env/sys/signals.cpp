// SPDX-License-Identifier: MIT
#include "env/sys/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace devenv::sys {

Result<HeldSignals> HeldSignals::hold(const std::vector<int>& numbers) {
  sigset_t held;
  ::sigemptyset(&held);
  for (const int number : numbers) {
    // What the caller has told us to ignore (nohup) would no longer be ignored once it is held
    // back.
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      ::sigaddset(&held, number);
    }
  }
  UniqueFd fd(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid() || ::sigprocmask(SIG_BLOCK, &held, nullptr) == -1) {
    return fail_errno(errno, "cannot hold signals back");
  }
  return HeldSignals(std::move(fd));
}

HeldSignals::~HeldSignals() {
  if (fd_.valid()) {
    release_signals();
  }
}

std::optional<int> HeldSignals::take() {
  signalfd_siginfo info{};
  const ssize_t count = ::read(fd_.get(), &info, sizeof info);
  if (count != static_cast<ssize_t>(sizeof info)) {
    return std::nullopt;
  }
  return static_cast<int>(info.ssi_signo);
}

IgnoredSignal::IgnoredSignal(int number) : number_(number) {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(number_, &ignore, &before_);
}

IgnoredSignal::~IgnoredSignal() {
  ::sigaction(number_, &before_, nullptr);
}

void release_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void die_by_signal(int number) {
  ::signal(number, SIG_DFL);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, number);
  ::kill(::getpid(), number);
  ::sigprocmask(SIG_UNBLOCK, &one, nullptr);  // delivered here
  ::_exit(128 + number);
}

}  // namespace devenv::sys

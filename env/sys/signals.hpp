// SPDX-License-Identifier: MIT
// Signals that ask a process to end, as something that can be waited for.
#pragma once

#include <signal.h>

#include <optional>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {

/// Holds signals back while it lives and makes them readable (signalfd(2)), so that a process can
/// clean up before it ends. A child that is forked meanwhile calls release_signals().
class HeldSignals {
 public:
  static Result<HeldSignals> hold(const std::vector<int>& numbers);
  HeldSignals(HeldSignals&&) noexcept = default;
  HeldSignals& operator=(HeldSignals&&) = delete;
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  /// A signal that was not taken is delivered now.
  ~HeldSignals();

  /// Readable when a signal is there.
  int fd() const { return fd_.get(); }
  /// The next signal; nullopt when there is none. Does not wait.
  std::optional<int> take();

 private:
  explicit HeldSignals(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// Ignores one signal while it lives. For the moment of a write whose EPIPE is wanted instead of
/// SIGPIPE: a program that is started must not inherit the signal as ignored.
class IgnoredSignal {
 public:
  explicit IgnoredSignal(int number);
  IgnoredSignal(const IgnoredSignal&) = delete;
  IgnoredSignal& operator=(const IgnoredSignal&) = delete;
  ~IgnoredSignal();

 private:
  int number_;
  struct sigaction before_ {};
};

/// No signal is held back any more.
void release_signals();

/// Ends this process the way `number` does by default: whoever waits for it sees the signal.
[[noreturn]] void die_by_signal(int number);

}  // namespace devenv::sys

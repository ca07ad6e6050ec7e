// SPDX-License-Identifier: MIT
// The two reasons to stop early: a signal, and nobody left who listens.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/poll.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"

namespace devenv::image::fetch {

/// Tells when it is time to stop. Until signals are held they end the process at once, which is
/// right as long as there is nothing to clean up.
class Cancellation {
 public:
  /// `reader` is the write end of the pipe on which events are sent, or -1: its other side is
  /// watched.
  explicit Cancellation(int reader) : reader_(reader) {}

  /// From now on SIGINT, SIGTERM and SIGHUP are errors of wait(), so that the foreman can clean up.
  Result<void> hold_signals();

  /// Waits until an entry is ready or `timeout` is over. Errors: interrupted, from then on always.
  Result<void> wait(std::vector<sys::WaitEntry>& entries,
                    std::optional<std::chrono::milliseconds> timeout = std::nullopt);
  /// Waits for a process, which is its caller's to kill when this is interrupted.
  Result<sys::ExitStatus> wait(sys::Child& child);

  /// The signal that was taken, 0 if none: this process should die of it after cleaning up.
  int signal() const { return signal_; }

 private:
  Result<void> verdict() const;

  std::optional<sys::HeldSignals> signals_;
  int reader_;
  int signal_ = 0;
  bool reader_gone_ = false;
};

}  // namespace devenv::image::fetch

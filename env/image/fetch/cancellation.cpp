// SPDX-License-Identifier: MIT
#include "env/image/fetch/cancellation.hpp"

#include <csignal>

#include "env/base/format.hpp"

namespace devenv::image::fetch {

Result<void> Cancellation::hold_signals() {
  if (!signals_) {
    TRY_ASSIGN(auto held, sys::HeldSignals::hold({SIGINT, SIGTERM, SIGHUP}));
    signals_.emplace(std::move(held));
  }
  return {};
}

Result<void> Cancellation::verdict() const {
  if (signal_ != 0) {
    return fail(ErrorCode::interrupted, format("interrupted by signal {}", signal_));
  }
  if (reader_gone_) {
    return fail(ErrorCode::interrupted, "whoever asked for the image has gone away");
  }
  return {};
}

Result<void> Cancellation::wait(std::vector<sys::WaitEntry>& entries,
                                std::optional<std::chrono::milliseconds> timeout) {
  TRY(verdict());
  const std::size_t own = entries.size();
  entries.push_back({signals_ ? signals_->fd() : -1, sys::WaitFor::readable});
  entries.push_back({reader_, sys::WaitFor::closed});
  const auto waited = sys::wait_for_any(entries, timeout);
  if (waited && entries[own].ready) {
    signal_ = signals_->take().value_or(0);
  }
  reader_gone_ = reader_gone_ || (waited && entries[own + 1].ready);
  entries.resize(own);
  TRY(waited);
  return verdict();
}

Result<sys::ExitStatus> Cancellation::wait(sys::Child& child) {
  std::vector<sys::WaitEntry> entries = {{child.pidfd(), sys::WaitFor::readable}};
  while (!entries[0].ready) {
    TRY(wait(entries));
  }
  return child.wait();
}

}  // namespace devenv::image::fetch

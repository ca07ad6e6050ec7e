// SPDX-License-Identifier: MIT
// Waiting for several descriptors.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::sys {

/// What is waited for: something to read (or the end), or only that the other side is gone.
enum class WaitFor { readable, closed };

struct WaitEntry {
  int fd = -1;
  WaitFor event = WaitFor::readable;
  bool ready = false;  ///< set by wait_for_any
};

/// poll(2): returns when one entry at least is ready, or after `timeout` (nullopt: never).
Result<void> wait_for_any(std::vector<WaitEntry>& entries,
                          std::optional<std::chrono::milliseconds> timeout);

/// Raises the soft limit of open files to a few thousand. Failure is ignored.
void raise_open_file_limit();

}  // namespace devenv::sys

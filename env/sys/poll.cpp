// SPDX-License-Identifier: MIT
#include "env/sys/poll.hpp"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

namespace devenv::sys {

Result<void> wait_for_any(std::vector<WaitEntry>& entries,
                          std::optional<std::chrono::milliseconds> timeout) {
  std::vector<pollfd> polled;
  polled.reserve(entries.size());
  for (const WaitEntry& entry : entries) {
    // POLLERR and POLLHUP are always reported.
    polled.push_back(
        {entry.fd, static_cast<short>(entry.event == WaitFor::readable ? POLLIN : 0), 0});
  }
  const int milliseconds = timeout ? static_cast<int>(timeout->count()) : -1;
  // An interrupted wait counts as one in which nothing happened.
  if (::poll(polled.data(), polled.size(), milliseconds) == -1 && errno != EINTR) {
    return fail_errno(errno, "cannot wait");
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].ready = polled[i].revents != 0;
  }
  return {};
}

void raise_open_file_limit() {
  // Not to the hard limit, which may be a billion: programs we start may close every number there
  // is.
  constexpr rlim_t kEnough = 8192;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < kEnough) {
    limit.rlim_cur = std::min(limit.rlim_max, kEnough);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace devenv::sys

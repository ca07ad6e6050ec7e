// SPDX-License-Identifier: MIT
#include "env/image/fetch/lock_set.hpp"

#include <algorithm>
#include <chrono>

#include "env/base/format.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::chrono::milliseconds kPollEvery{50};

/// flock(2) cannot be waited for together with other things, and waiting may take as long as the
/// other's download: the lock is tried again and again.
Result<sys::FileLock> take(const Context& context, const Digest& digest, sys::LockMode mode) {
  bool told = false;
  while (true) {
    TRY_ASSIGN(auto lock, context.store.try_lock_layer(digest, mode));
    if (lock) {
      return std::move(*lock);
    }
    if (!told) {
      told = true;
      context.reporter.step("waiting for another devenv that fetches the same layers");
    }
    std::vector<sys::WaitEntry> none;
    TRY(context.cancellation.wait(none, kPollEvery));
  }
}

Result<sys::FileLock> take_layer(const Context& context, const Digest& chain_id) {
  while (true) {
    if (context.store.has_layer(chain_id)) {
      TRY_ASSIGN(auto lock, take(context, chain_id, sys::LockMode::shared));
      if (context.store.has_layer(chain_id)) {
        return lock;
      }
    } else {
      TRY_ASSIGN(auto lock, take(context, chain_id, sys::LockMode::exclusive));
      if (!context.store.has_layer(chain_id)) {
        return lock;
      }
    }
    // Made or pruned while we waited.
  }
}

}  // namespace

void add_need(LockNeeds& needs, const Digest& digest, LockNeed need) {
  const auto [entry, added] = needs.emplace(digest, need);
  if (!added) {
    entry->second = std::max(entry->second, need);
  }
}

Result<std::map<Digest, sys::FileLock>> take_locks(const Context& context, const LockNeeds& needs) {
  std::map<Digest, sys::FileLock> locks;
  for (const auto& need : needs) {
    const Digest& digest = need.first;
    auto lock = need.second == LockNeed::layer
                    ? take_layer(context, digest)
                    : take(context, digest,
                           need.second == LockNeed::make ? sys::LockMode::exclusive
                                                         : sys::LockMode::shared);
    TRY(lock);
    locks.emplace(digest, std::move(*lock));
  }
  return locks;
}

}  // namespace devenv::image::fetch

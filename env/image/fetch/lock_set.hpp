// SPDX-License-Identifier: MIT
// All the locks that getting one image takes.
#pragma once

#include <map>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::image::fetch {

enum class LockNeed {
  keep,   ///< a document that must not be pruned
  layer,  ///< shared when the layer is there, exclusive when it has to be made
  make,   ///< a partial blob: exclusive
};

/// Digests and what they are locked for. Of two needs of one digest (the first layer's chain id is
/// its diff id, which is its blob's digest when it is not compressed) the stronger counts.
using LockNeeds = std::map<Digest, LockNeed>;
void add_need(LockNeeds& needs, const Digest& digest, LockNeed need);

/// Takes the locks in the order of the digests, so that two who need some of the same never wait
/// for each other. Reports "waiting" when somebody else has one. Errors: interrupted.
Result<std::map<Digest, sys::FileLock>> take_locks(const Context& context, const LockNeeds& needs);

}  // namespace devenv::image::fetch

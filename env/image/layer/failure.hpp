// SPDX-License-Identifier: MIT
// What an errno means while a layer is written.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <string>

#include "env/base/format.hpp"
#include "env/base/result.hpp"

namespace devenv::image {

/// `what` could not be done. A name or target that no file system takes is the layer's fault
/// (integrity), everything else the host's (failed): codes such as not_found would tell callers
/// something else.
inline tl::unexpected<Error> write_failure(int error, std::string what) {
  const bool layer = error == ENAMETOOLONG || error == ELOOP || error == EMLINK;
  return fail(Error::from_errno(error, std::move(what))
                  .with_code(layer ? ErrorCode::integrity : ErrorCode::failed));
}

/// chown failed: EINVAL says that the id has no number in the namespace.
inline tl::unexpected<Error> owner_failure(int error, uid_t uid, gid_t gid) {
  if (error == EINVAL) {
    return fail(ErrorCode::integrity, format("owner {}:{} is outside of the id map", uid, gid));
  }
  return write_failure(error, format("cannot set the owner {}:{}", uid, gid));
}

}  // namespace devenv::image

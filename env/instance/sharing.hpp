// SPDX-License-Identifier: MIT
// Files that several layers have become one on the disk.
#pragma once

#include <cstdint>

#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

struct SharingResult {
  std::uint64_t files = 0;  ///< that share their blocks with another one from now on
  std::uint64_t bytes = 0;  ///< of them: what the disk has more room for
};

/// Lets files of the store's layers that have the same contents share their blocks. Nothing else
/// about them changes, neither names nor times nor inodes: layers stay what their digests say, and
/// may be in use. (Hard links would show inside, and to whatever packs a layer again.) What is
/// shared already is left alone, and so are files that cannot. Files below 4 KiB are not worth it.
/// With `dry_run` only the sum.
///
/// Memory: for each file whose size another one has, its path.
/// Errors: unsupported when no file could (btrfs, xfs and bcachefs can).
Result<SharingResult> share_files(const Workspace& workspace, bool dry_run, Reporter& reporter);

}  // namespace devenv::instance

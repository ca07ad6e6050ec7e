// SPDX-License-Identifier: MIT
// Root file systems in squashfs, as LXC's image server, snaps and live systems have them.
#pragma once

#include <string>

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/open_archive.hpp"

namespace devenv::image::fetch {

/// Whether the file begins as a squashfs does. Source: Linux, fs/squashfs/squashfs_fs.h.
Result<bool> is_squashfs(const OpenArchive& file);

/// sqfs2tar(1) of squashfs-tools-ng makes a tar of it, which is unpacked as any other: what the
/// kernel or a library would do with hostile bytes happens in a process that can do nothing but
/// write to a pipe what it reads. Errors: unsupported when it is not installed; integrity with what
/// it said.
Result<ImageRecord> import_squashfs(const Context& context,
                                    const OpenArchive& file,
                                    const std::string& reference);

}  // namespace devenv::image::fetch

// SPDX-License-Identifier: MIT
// A layer's tar stream becomes a tree of files in the form both overlay drivers read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/codec/byte_source.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::image {

/// What a layer may grow to. Exceeding one is an integrity error that names it.
struct UnpackLimits {
  std::uint64_t max_bytes = 64ULL << 30U;  ///< of file contents, holes included
  std::uint64_t max_entries = 5'000'000;
  /// Decompressed : compressed. For decompress(), which sees both sides; not checked here.
  std::uint64_t max_ratio = kDefaultMaxRatio;
  std::size_t max_path_bytes = 4095;         ///< PATH_MAX
  std::size_t max_depth = 512;               ///< directories deep
  std::size_t max_xattr_bytes = 64U * 1024;  ///< per attribute
};

/// A hard link whose other name is in a layer below. Both relative to the root.
struct LowerHardLink {
  std::string path;
  std::string target;
};

struct UnpackResult {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t newest = 0;  ///< modification time of the newest entry, seconds since 1970
  /// Directories the tar has no entry for: they take their attributes from the layer below.
  /// Relative to the root, which is "."; bytes of no particular encoding, as everywhere here.
  std::vector<std::string> implicit_directories;
  std::vector<LowerHardLink> lower_hard_links;
  std::vector<std::string> warnings;  ///< device nodes and sockets left out, counted by kind
};

/// Unpacks the tar that `tar` gives into the empty directory `root`.
///
/// Runs as root of the namespace whose ids the layer will be used with. Whiteouts become character
/// devices 0:0, opaque directories get user.overlay.opaque=y; user.overlay.*, trusted.*,
/// security.selinux/ima/evm attributes are dropped; device nodes and sockets are left out; nothing
/// is ever made outside `root`, whatever links and names the tar has. Ids are taken as numbers.
/// Errors: integrity (malformed or hostile tar, limits, an id that is not in the map: the entry is
/// named), failed with errno (disk full).
/// Source: OCI image-spec, layer.md.
Result<UnpackResult> unpack_layer(ByteSource& tar, int root, const UnpackLimits& limits);

/// After all layers are unpacked: gives implicit directories the attributes they have below, and
/// copies the targets of LowerHardLinks. `lower` are the roots of the layers below, topmost first.
/// The mtimes and modes of directories that were touched are restored.
Result<void> finish_layer(int root, const UnpackResult& unpacked, const std::vector<int>& lower);

}  // namespace devenv::image

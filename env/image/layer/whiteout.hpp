// SPDX-License-Identifier: MIT
// Which names of a layer say that something below is gone.
// Source: OCI image-spec, layer.md, "Whiteouts"; the .wh..wh. names are those of aufs.
#pragma once

#include <string_view>

namespace devenv::image {

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueMark = ".wh..wh..opq";

enum class PathMeaning {
  ordinary,   ///< an entry of its own
  whiteout,   ///< ".wh.NAME": NAME in the layers below is gone
  opaque,     ///< ".wh..wh..opq": everything below in this directory is gone
  ignored,    ///< bookkeeping of aufs (".wh..wh.plnk/...") and of eStargz
  malformed,  ///< a bare ".wh.", one that hides "." or "..", or one used as a directory
};

struct ClassifiedPath {
  PathMeaning meaning = PathMeaning::ordinary;
  std::string_view hidden;  ///< the NAME of a whiteout
};

/// `path` as normalize_path gives it.
ClassifiedPath classify_path(std::string_view path);

/// Whether a directory may have this name. fuse-overlayfs takes every ".wh." name for a whiteout.
bool is_reserved_name(std::string_view name);

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
// A tree of files becomes a layer's tar: the counterpart of unpack.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/codec/byte_sink.hpp"
#include "env/image/layer/entry.hpp"

namespace devenv::image {

struct PackResult {
  std::uint64_t entries = 0;          ///< marks included, as unpack_layer counts them
  std::uint64_t bytes = 0;            ///< of file contents
  std::uint64_t newest = 0;           ///< as in UnpackResult
  std::vector<std::string> warnings;  ///< device nodes and sockets left out, counted by kind
};

/// Called now and then with the bytes of contents packed so far.
using PackProgress = std::function<void(std::uint64_t bytes)>;

/// Writes the tree below the open directory `root` to `tar`. It has the form that unpack_layer
/// makes: character devices 0:0 are whiteouts, user.overlay.opaque=y is an opaque directory.
///
/// The same tree gives the same bytes, and so does what unpack_layer makes of them. Within a
/// directory the opaque mark comes first, then the whiteouts, then everything else by its name's
/// bytes; a directory comes before what is in it, the root ("./") first of all. Ids are numbers, as
/// this process sees them (it runs as root of the environment's namespace); times have their
/// nanoseconds; of several names of a file the first has the contents and the others are hard
/// links. Device nodes, sockets and attributes that no layer keeps are left out, and so are marks
/// where they hide nothing: on the root, and whiteouts below an opaque directory. Holes are written
/// as zeros.
///
/// Memory: the names on the way from the root, and one path for each file that has other names.
/// Errors name the entry. integrity: an id that is not in the map, a name that would be a mark
/// (.wh.), too deep or too long to be unpacked again; conflict: a file that changes meanwhile; the
/// sink's own.
/// Source: OCI image-spec, layer.md.
Result<PackResult> pack_layer(int root, ByteSink& tar, const PackProgress& progress = {});

/// Whether pack_layer writes the attribute. Not one whose name has a '=': a pax record could not
/// tell where the name ends.
bool packs_attribute(std::string_view name, EntryKind kind);

}  // namespace devenv::image

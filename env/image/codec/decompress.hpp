// SPDX-License-Identifier: MIT
// gzip (ISA-L where built in, zlib otherwise), zstd, xz, bzip2, plain: told apart by content.
#pragma once

#include <memory>

#include "env/image/codec/byte_source.hpp"

namespace devenv::image {

/// A source of the decompressed bytes of `inner`, which must outlive it. The kind is found from the first
/// bytes; anything unknown is passed on as it is. Several gzip members or zstd frames (also
/// skippable ones) in a row are one stream; zero padding after the last is accepted.
///
/// A trailing part that is no further member is an integrity error, as are truncated streams.
/// zstd windows up to 128 MiB.
Result<std::unique_ptr<ByteSource>> decompress(ByteSource& inner);

}  // namespace devenv::image

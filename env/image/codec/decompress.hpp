// SPDX-License-Identifier: MIT
// gzip (ISA-L where built in, zlib otherwise), zstd, xz, bzip2, plain: told apart by content. The
// one folder that includes their libraries.
#pragma once

#include <cstdint>
#include <memory>

#include "env/image/codec/byte_source.hpp"
#include "env/image/codec/decoder.hpp"

namespace devenv::image {

/// deflate cannot do better than 1032 : 1, and only for data without any information.
constexpr std::uint64_t kDefaultMaxRatio = 1000;

/// A source of the decompressed bytes of `inner`, which must outlive it. The kind is found from the
/// first bytes; anything unknown is passed on as it is. Several gzip members or zstd frames (also
/// skippable ones) in a row are one stream; zero padding after the last is accepted.
///
/// A trailing part that is no further member is an integrity error, as are truncated streams.
/// So is, beyond 100 MiB, more than `max_ratio` decompressed bytes for each compressed one, and a
/// zstd window or an xz dictionary of more than 128 MiB. What a packer chose to look back on has to
/// be kept in memory: beyond kLittleMemory `gate` is asked.
Result<std::unique_ptr<ByteSource>> decompress(ByteSource& inner,
                                               std::uint64_t max_ratio = kDefaultMaxRatio,
                                               const MemoryGate& gate = {});

}  // namespace devenv::image

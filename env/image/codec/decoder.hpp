// SPDX-License-Identifier: MIT
// One member (gzip), frame (zstd) or stream (xz, bzip2) at a time: a "member" here. What is around
// them is member_source.cpp.
//
// Not libarchive's filters: they take a truncated stream for an empty one and ignore what follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "env/base/result.hpp"

namespace devenv::image {

constexpr std::size_t kLongestMagic = 6;

/// Called before a decoder takes more than kLittleMemory for the first time; may wait for others
/// who do, too.
using MemoryGate = std::function<Result<void>()>;
constexpr std::uint64_t kLittleMemory = 12U * 1024 * 1024;

/// What one call of a decoder did.
struct DecoderStep {
  std::size_t consumed = 0;
  std::size_t produced = 0;
  bool member_ended = false;  ///< and its checksum was right
};

/// Decompresses members one after the other.
class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  /// The name in messages: "gzip".
  virtual const char* name() const = 0;
  /// Whether a member can begin with these bytes (kLongestMagic of them, fewer at the end of the
  /// input).
  virtual bool starts_member(std::span<const char> bytes) const = 0;
  /// Gets ready for the next member.
  virtual void start_member() = 0;
  /// Takes from `input` and adds to `output` as much as possible.
  /// Errors: integrity when the data is damaged.
  virtual Result<DecoderStep> step(std::span<const char> input, std::span<char> output) = 0;
};

bool starts_gzip_member(std::span<const char> bytes);
bool starts_zstd_frame(std::span<const char> bytes);
bool starts_xz_stream(std::span<const char> bytes);
bool starts_bzip2_stream(std::span<const char> bytes);

/// zlib. Slower than ISA-L, and everywhere.
std::unique_ptr<Decoder> make_zlib_decoder();
#ifdef DEVENV_HAVE_ISAL
/// ISA-L's igzip, about twice as fast as zlib. Source: isa-l/igzip_lib.h.
std::unique_ptr<Decoder> make_isal_decoder();
#endif
/// Windows up to 128 MiB, as `zstd --long` makes them.
std::unique_ptr<Decoder> make_zstd_decoder(MemoryGate gate);
/// Dictionaries up to 128 MiB; `xz -9` makes them of 64.
std::unique_ptr<Decoder> make_xz_decoder(MemoryGate gate);
std::unique_ptr<Decoder> make_bzip2_decoder();

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
// One layer's stream on several processors: what comes next is decompressed, and what has come is
// hashed, while the caller writes files.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "env/image/codec/byte_source.hpp"
#include "env/image/codec/hash.hpp"

namespace devenv::image {

/// Reads a source in a thread of its own, a few blocks ahead, and hashes the blocks in another one.
/// They are passed on where they lie. Where no thread can be started (limits), it does the same
/// work block by block.
///
/// `inner` belongs to it until stop() or the end; both come with an error, too.
class ReadAhead final : public ByteSource {
 public:
  /// Fails with integrity as soon as more than `limit` bytes came.
  ReadAhead(ByteSource& inner, std::uint64_t limit);
  /// Waits as stop() does.
  ~ReadAhead() override;

  Result<std::size_t> read(std::span<char> buffer) override;
  /// Valid until the next call. `buffer` is not used.
  Result<std::span<const char>> next(std::span<char> buffer) override;

  /// Reads what is left, then the digest of everything. Once.
  Result<Digest> finish();
  /// Bytes that came, after finish().
  std::uint64_t count() const { return count_; }
  /// Ends the threads: nothing is read from `inner` any more. Waits for a read that has begun.
  void stop();

 private:
  /// As many as keep all three busy when their speed varies, few enough for a processor's cache.
  static constexpr std::size_t kSlots = 4;
  struct Slot {
    std::vector<char> bytes = std::vector<char>(kBlockSize);
    std::size_t size = 0;
  };

  void start();
  void read_all();
  void hash_all();
  bool fill(Slot& slot);
  Slot& slot(std::uint64_t number) { return slots_[number % kSlots]; }

  ByteSource& inner_;
  std::uint64_t limit_;
  Sha256 hash_;
  std::array<Slot, kSlots> slots_;
  std::span<const char> rest_;  ///< of the block that the caller has
  bool has_block_ = false;

  std::mutex mutex_;  ///< of what follows
  std::condition_variable changed_;
  std::uint64_t filled_ = 0;  ///< blocks, from the beginning
  std::uint64_t hashed_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t count_ = 0;
  std::optional<Error> error_;
  bool ended_ = false;
  bool stopped_ = false;

  std::thread reader_;
  std::thread hasher_;
  bool threads_ = false;
};

}  // namespace devenv::image

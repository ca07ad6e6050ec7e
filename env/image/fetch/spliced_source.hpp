// SPDX-License-Identifier: MIT
// The tar of a layer of which only parts were fetched.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "env/image/chunked.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::image::fetch {

/// Decompresses the fetched parts, which `fetched` gives one after the other, and puts the contents
/// of files between them.
///
/// Nothing says that those are the right ones but the digest of the whole. Errors: integrity when
/// a part or a file is not what it should be; those of `fetched`.
class SplicedSource final : public ByteSource {
 public:
  SplicedSource(ByteSource& fetched,
                const std::vector<BlobPart>& parts,
                std::uint64_t max_ratio,
                MemoryGate gate);
  ~SplicedSource() override;
  Result<std::size_t> read(std::span<char> buffer) override;

 private:
  class Part;
  Result<void> open(const BlobPart& part);
  Result<std::size_t> read_part(std::span<char> buffer);

  ByteSource& fetched_;
  const std::vector<BlobPart>& parts_;
  std::uint64_t max_ratio_;
  MemoryGate gate_;
  std::size_t next_ = 0;
  std::unique_ptr<Part> part_;  ///< that is being decompressed
  std::unique_ptr<ByteSource> decompressed_;
  sys::UniqueFd file_;  ///< or the file whose contents come
  std::unique_ptr<ByteSource> contents_;
};

}  // namespace devenv::image::fetch

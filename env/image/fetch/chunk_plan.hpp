// SPDX-License-Identifier: MIT
// Which files of a zstd:chunked or eStargz layer are here already, in layers that were.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/chunked.hpp"
#include "env/image/fetch/cancellation.hpp"
#include "env/image/store.hpp"

namespace devenv::image::fetch {

/// Files of the store by the digest of their contents.
using KnownFiles = std::map<Digest, std::string>;

/// What the layers of the store that had a table of contents have. What cannot be read is left out:
/// it only costs a download.
KnownFiles known_files(const Store& store);

/// Notes the large files of a layer beside its tree, for known_files.
Result<void> write_large_files(const std::string& layer_directory,
                               const std::vector<LargeFile>& files);

/// Reads from `begin` to `end` of a blob.
using BlobReader = std::function<Result<std::string>(std::uint64_t begin, std::uint64_t end)>;

struct Contents {
  std::vector<LargeFile> files;
  std::uint64_t end = 0;  ///< of what has to be fetched of the blob
};

/// The table of contents of a blob. Errors: integrity, interrupted; those of `read`.
Result<Contents> read_contents(Cancellation& cancellation,
                               const ContentsPlace& place,
                               std::uint64_t blob_bytes,
                               const BlobReader& read);

struct ChunkPlan {
  std::vector<BlobPart> parts;
  std::uint64_t fetched_bytes = 0;
  std::uint64_t blob_bytes = 0;
  /// Of the parts: what was fetched for one plan is no good for another one.
  std::string name;
};

/// Forgets what is noted of the layers that the plan takes files from. It may be wrong: nobody has
/// compared it with the files.
void forget_large_files(const Store& store, const ChunkPlan& plan);

/// nullopt when too little would be saved.
std::optional<ChunkPlan> plan_chunks(const Contents& contents,
                                     std::uint64_t blob_bytes,
                                     const KnownFiles& known);

/// Fetches the parts that are not here, as one stream, from offset `have` of it on.
/// `fetch(begin, end)`: a piece of the blob.
Result<void> fetch_parts(const ChunkPlan& plan,
                         std::uint64_t have,
                         const std::function<Result<void>(std::uint64_t, std::uint64_t)>& fetch);

}  // namespace devenv::image::fetch

// SPDX-License-Identifier: MIT
// One layer to be unpacked, and what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/fetch/chunk_plan.hpp"
#include "env/image/layer/unpack.hpp"
#include "env/image/registry/pull_source.hpp"

namespace devenv::image::fetch {

/// Tells the foreman what a producer is doing: "downloading packages".
using Announce = std::function<void(std::string_view activity)>;

/// Where bytes are downloaded from.
class Download {
 public:
  using Standing = registry::PullSource::Standing;

  virtual ~Download() = default;
  /// Delivers everything from offset `have` on. Runs in a process of its own, as the user.
  virtual Result<void> run(std::uint64_t have, const registry::RegistryClient::Append& append) = 0;
  /// What that process has learned, which the foreman is then told.
  virtual Standing standing() const = 0;
  virtual void learn(const Standing& standing) = 0;
  /// The bytes were not those that were asked for: whether there is another place to ask now.
  virtual bool elsewhere(const Error& error) = 0;
};

/// The bytes are downloaded into a file that outlives a failure. The unpacker reads the file while
/// it grows, so the network never waits for the disk.
struct Downloaded {
  std::string partial_file;
  std::shared_ptr<Download> from;
};

/// The bytes are a part of a file on this machine.
struct InFile {
  int fd = -1;
  std::uint64_t offset = 0;
};

/// The bytes come out of a program. `produce` writes them to `output` and returns when all are
/// written; it runs in a process of its own, as the user.
struct Piped {
  std::function<Result<void>(int output, const Announce& announce)> produce;
};

struct LayerJob {
  std::string id;                 ///< names it to people: "layer 3f2a9c01b7de"
  std::string directory;          ///< where its tree `fs` is made; in the store's tmp
  std::optional<Digest> digest;   ///< of the bytes as they come; seldom known of a root file system
  std::optional<Digest> diff_id;  ///< of the bytes decompressed
  std::uint64_t size_bytes = 0;   ///< as they come; 0 if unknown
  std::variant<Downloaded, InFile, Piped> bytes;
  /// What the bytes are parts of, if not the whole layer. Only the diff id can tell whether it has
  /// become what was wanted; if not, `whole` is done instead.
  std::shared_ptr<const ChunkPlan> chunks;
  std::shared_ptr<const LayerJob> whole;
  std::string layers_directory;  ///< where the files of `chunks` are
};

struct LayerOutcome {
  Digest digest;
  Digest diff_id;
  std::uint64_t tar_bytes = 0;  ///< length of the bytes that diff_id is the digest of
  UnpackResult unpacked;
  std::string architecture;  ///< OCI name, of the tree's programs; "" if it has none that are known
};

}  // namespace devenv::image::fetch

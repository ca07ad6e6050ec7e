// SPDX-License-Identifier: MIT
// The image store on disk: blobs, unpacked layers, and which image is made of which.
//
//   format.json            version and id map
//   images.json            reference -> ImageRecord
//   blobs/sha256/<hex>     manifests and configs
//   layers/<chain hex>/    fs/ and layer.json; immutable once renamed into place
//   locks/<hex>            one lock file per layer
//   tmp/                   whatever is not finished: partial blobs (kept for resuming), layer trees
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/record.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::image {

/// What prune may remove, and what it found wrong.
struct PrunePlan {
  std::vector<std::string> images;    ///< references to forget (only with all = true)
  std::vector<std::string> paths;     ///< absolute; to be removed as namespace root
  std::vector<std::string> problems;  ///< inconsistencies, for people: an image whose layer is missing
};

class Store {
 public:
  /// Opens or makes the store. `id_map` is IdMap::to_string() of the map layers are unpacked with.
  /// Errors: unsupported when the store is of a newer version; conflict when it was made with another
  /// id map (hint: which ranges to give back, or `devenv image rm --all`); integrity when damaged.
  static Result<Store> open(const std::string& path, std::string_view id_map);

  const std::string& path() const { return path_; }
  std::string layer_directory(const Digest& chain_id) const;  ///< layers/<hex>
  std::string layer_tree(const Digest& chain_id) const;       ///< layers/<hex>/fs
  std::string blob_file(const Digest& digest) const;
  std::string partial_file(const Digest& digest) const;       ///< tmp/<hex>.partial
  std::string temporary_directory() const;                    ///< tmp
  bool has_layer(const Digest& chain_id) const;

  /// Shared: the layer is in use (a pull that needs it, a create that has not written its state
  /// yet). Exclusive: it is being made or removed.
  Result<sys::FileLock> lock_layer(const Digest& chain_id, sys::LockMode mode) const;
  Result<std::optional<sys::FileLock>> try_lock_layer(const Digest& chain_id,
                                                      sys::LockMode mode) const;

  /// Writes a small blob whose digest the caller has verified.
  Result<void> put_blob(const Digest& digest, std::string_view bytes) const;
  Result<std::string> read_blob(const Digest& digest) const;

  /// Sorted by reference.
  Result<std::vector<ImageRecord>> images() const;
  /// By canonical reference, manifest digest ("sha256:..."), or an unambiguous prefix of at least 6
  /// digits of its hex. nullopt when there is none. Only images whose layers are all present count.
  Result<std::optional<ImageRecord>> find_image(std::string_view name) const;
  Result<void> put_image(const ImageRecord& record) const;
  /// Errors: not_found.
  Result<void> remove_image(std::string_view reference) const;

  /// What is not used: layers that neither an image nor an environment (`used_layers`, chain ids)
  /// needs, blobs no image names, unfinished work that nobody holds a lock on. `all`: also images
  /// no environment is made of (`used_manifests`).
  Result<PrunePlan> plan_prune(const std::set<Digest>& used_layers,
                               const std::set<Digest>& used_manifests,
                               bool all) const;

 private:
  explicit Store(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
// The image store on disk: blobs, unpacked layers, and which image is made of which.
//
//   format.json            version and id map
//   images.json            reference -> ImageRecord
//   blobs/sha256/<hex>     manifests and configs
//   layers/<chain hex>/    fs/ and layer.json; immutable once renamed into place
//   locks/<hex>            one lock file per layer and per blob that is being fetched
//   locks/images.lock      held for the moment in which one of the two documents is replaced
//   locks/unnamed.lock     see keep_unnamed_layers
//   tmp/<hex>...           whatever is not finished: partial blobs (kept for resuming), layer
//   trees;
//                          the name begins with the digest whose lock its owner holds
//
// Locks are taken and documents written as the user; only layer trees belong to the ids of the map,
// so only they have to be made and removed inside the user namespace.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/record.hpp"
#include "env/image/reference.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::image {

/// What the environments need of a store.
struct StoreUsage {
  std::set<Digest> layers;     ///< chain ids
  std::set<Digest> manifests;  ///< of the images they were made of
};

/// What prune may remove, and what it found wrong. Forget the images first, then remove the paths:
/// whoever is interrupted leaves garbage but no image without its layers.
struct PrunePlan {
  std::vector<std::string> images;  ///< references to forget (only with all = true)
  std::vector<std::string> paths;   ///< absolute; to be removed as namespace root
  /// For people: inconsistencies (an image whose layer is missing), and what has to stay for now.
  std::vector<std::string> problems;
  /// There is more to remove than locks can be held at once: make a new plan afterwards.
  bool more = false;
  /// Keep pulls and creates away from what is in `paths` for as long as the plan lives.
  std::vector<sys::FileLock> locks;
};

/// A place for something whose digest is not known yet; nobody's once the lock is gone. Its lock
/// has a name that is never used again, so the lock's file goes with it.
struct Unfinished {
  Unfinished(std::string place, std::string file, sys::FileLock held)
      : path(std::move(place)), lock_file(std::move(file)), lock(std::move(held)) {}
  Unfinished(Unfinished&&) noexcept = default;
  Unfinished& operator=(Unfinished&&) = delete;
  ~Unfinished();

  std::string path;  ///< does not exist; below temporary_directory()
  std::string lock_file;
  sys::FileLock lock;
};

class Store {
 public:
  /// Opens or makes the store. `id_map` is IdMap::to_string() of the map layers are unpacked with.
  /// Several processes may do so at once.
  /// Errors: unsupported when the store is of a newer version; conflict when it was made with
  /// another id map (hint: which ranges to give back); integrity when damaged.
  static Result<Store> open(const std::string& path, std::string_view id_map);

  const std::string& path() const { return path_; }
  std::string layer_directory(const Digest& chain_id) const;  ///< layers/<hex>
  std::string layer_tree(const Digest& chain_id) const;       ///< layers/<hex>/fs
  std::string blob_file(const Digest& digest) const;
  std::string partial_file(const Digest& digest) const;  ///< tmp/<hex>.partial
  std::string temporary_directory() const;               ///< tmp
  std::string images_file() const;                       ///< replaced when any image changes
  bool has_layer(const Digest& chain_id) const;

  /// Shared: the layer is in use (a pull that needs it, a create that has not written its state
  /// yet). Exclusive: it is being made or removed. Any digest may be locked: that of a blob keeps
  /// its partial file, and what put_blob wrote, from being pruned.
  Result<sys::FileLock> lock_layer(const Digest& chain_id, sys::LockMode mode) const;
  Result<std::optional<sys::FileLock>> try_lock_layer(const Digest& chain_id,
                                                      sys::LockMode mode) const;

  /// While it is held, layers that nothing names are not taken for garbage: for who makes one and
  /// cannot know its digest, and lock that, before.
  Result<sys::FileLock> keep_unnamed_layers() const;

  /// A new name in temporary_directory() with its lock, for work such as importing an archive.
  /// `suffix` is part of the name: "import".
  Result<Unfinished> begin_unfinished(std::string_view suffix) const;

  /// Writes a small blob whose digest the caller has verified. Hold a lock on the digest until
  /// put_image has named it, or prune takes it for garbage.
  Result<void> put_blob(const Digest& digest, std::string_view bytes) const;
  /// Errors: not_found.
  Result<std::string> read_blob(const Digest& digest) const;

  /// Sorted by reference.
  Result<std::vector<ImageRecord>> images() const;
  /// By canonical reference, manifest digest ("sha256:..."), or an unambiguous prefix of at least 6
  /// digits of its hex. nullopt when there is none. Only images whose layers are all present count.
  /// Errors: usage when a prefix fits several images.
  Result<std::optional<ImageRecord>> find_image(std::string_view name) const;
  /// Of the same repository and with the digest that the reference names: with its tag, or else
  /// with another.
  Result<std::optional<ImageRecord>> find_by_digest(const Reference& reference) const;
  /// Replaces the record with the same reference.
  Result<void> put_image(const ImageRecord& record) const;
  /// Errors: not_found.
  Result<void> remove_image(std::string_view reference) const;

  /// What is not used: layers that neither an image nor an environment needs, blobs no image names,
  /// unfinished work. `all`: also images no environment is made of. What somebody else holds a lock
  /// on is left out, and so is every layer while somebody has keep_unnamed_layers or another plan.
  ///
  /// `usage` is asked twice: once to find candidates, and again when they are locked, so that an
  /// environment made in between keeps its layers.
  Result<PrunePlan> plan_prune(const std::function<Result<StoreUsage>()>& usage, bool all) const;
  /// The same with a usage that cannot change meanwhile.
  Result<PrunePlan> plan_prune(const std::set<Digest>& used_layers,
                               const std::set<Digest>& used_manifests,
                               bool all) const;
  /// Removes the lock files of what is not in the store any more, but for those that somebody
  /// holds.
  Result<void> remove_stale_locks() const;

 private:
  explicit Store(std::string path) : path_(std::move(path)) {}
  std::string lock_file(const Digest& digest) const;
  std::string unnamed_lock_file() const;
  Result<void> check_format(std::string_view id_map) const;
  /// Replaces images.json with what `change` makes of it, under the lock.
  Result<void> update_images(
      const std::function<Result<void>(std::vector<ImageRecord>&)>& change) const;
  std::string path_;
};

}  // namespace devenv::image

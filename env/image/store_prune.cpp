// SPDX-License-Identifier: MIT
// Which parts of a store nobody needs.
#include <algorithm>
#include <map>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/store.hpp"
#include "env/sys/file.hpp"

namespace devenv::image {
namespace {

/// A plan holds a descriptor for each thing it wants removed; 1024 is the usual limit.
constexpr std::size_t kMaxLocks = 512;
constexpr std::size_t kHexLength = 64;

enum class Kind { layer, blob, unfinished };

/// Something in the store that has a digest in its name.
struct Entry {
  Kind kind;
  std::string path;
  std::optional<Digest> id;  ///< whose lock protects it; nullopt: nobody can be using it
};

/// What has to stay, and which images may go.
struct Needs {
  std::set<Digest> layers;
  std::set<Digest> blobs;
  std::vector<ImageRecord> forgettable;
};

/// The digest that a name begins with.
std::optional<Digest> digest_of_name(std::string_view name) {
  auto digest = Digest::parse(format("sha256:{}", name.substr(0, kHexLength)));
  return digest ? std::optional<Digest>(std::move(*digest)) : std::nullopt;
}

/// Finished things have exactly a digest as their name; longer names are writes that were
/// interrupted; others are not ours and only reported.
Result<void> list_finished(const std::string& directory,
                           Kind kind,
                           std::vector<Entry>& entries,
                           std::vector<std::string>& problems) {
  TRY_ASSIGN(const std::vector<std::string> names, sys::list_directory(directory));
  for (const std::string& name : names) {
    std::string path = format("{}/{}", directory, name);
    auto id = digest_of_name(name);
    if (!id) {
      problems.push_back(format("'{}' is not part of the store", text::sanitize(path)));
      continue;
    }
    entries.push_back(
        {name.size() == kHexLength ? kind : Kind::unfinished, std::move(path), std::move(id)});
  }
  return {};
}

Result<std::vector<Entry>> list_entries(const Store& store, std::vector<std::string>& problems) {
  std::vector<Entry> entries;
  TRY(list_finished(store.path() + "/layers", Kind::layer, entries, problems));
  TRY(list_finished(store.path() + "/blobs/sha256", Kind::blob, entries, problems));
  TRY_ASSIGN(const std::vector<std::string> names,
             sys::list_directory(store.temporary_directory()));
  for (const std::string& name : names) {
    entries.push_back({Kind::unfinished, format("{}/{}", store.temporary_directory(), name),
                       digest_of_name(name)});
  }
  return entries;
}

/// nullopt when the manifest is not there, or none.
std::optional<Digest> config_of(const Store& store, const Digest& manifest) {
  const auto text = store.read_blob(manifest);
  const auto json = text ? json::parse(*text) : fail(text.error());
  const Json* const config = json ? json::find(*json, "config") : nullptr;
  const auto digest = config == nullptr
                          ? std::nullopt
                          : std::optional(Digest::parse(json::string_or(*config, "digest", "")));
  return digest && *digest ? std::optional(**digest) : std::nullopt;
}

Needs find_needs(const Store& store,
                 const std::vector<ImageRecord>& images,
                 const StoreUsage& usage,
                 bool all) {
  Needs needs{.layers = usage.layers};
  // Also of an image that has no name any more: a commit of the environment begins with them.
  for (const Digest& manifest : usage.manifests) {
    needs.blobs.insert(manifest);
    if (auto config = config_of(store, manifest)) {
      needs.blobs.insert(std::move(*config));
    }
  }
  for (const ImageRecord& image : images) {
    if (all && !usage.manifests.contains(image.manifest_digest)) {
      needs.forgettable.push_back(image);
      continue;
    }
    needs.layers.insert(image.layers.begin(), image.layers.end());
    needs.blobs.insert({image.manifest_digest, image.config_digest});
  }
  return needs;
}

bool is_needed(const Entry& entry, const Needs& needs) {
  switch (entry.kind) {
    case Kind::layer:
      return needs.layers.contains(*entry.id);
    case Kind::blob:
      return needs.blobs.contains(*entry.id);
    case Kind::unfinished:
      break;
  }
  return false;
}

/// The locks of everything that may go, as far as nobody else has them.
struct Held {
  std::map<Digest, sys::FileLock> locks;
  std::set<Digest> busy;  ///< held by somebody else, or not tried any more
  bool more = false;
};

/// Image by image, since one that is not locked as a whole cannot go: then the rest. Layers that
/// stay anyway only tell whether their image is in use.
std::vector<Digest> order_of_locks(const std::vector<Entry>& entries,
                                   const Needs& needs,
                                   bool takes_layers) {
  std::set<Digest> unneeded;
  std::set<Digest> rest;
  for (const Entry& entry : entries) {
    if (entry.id && !is_needed(entry, needs)) {
      unneeded.insert(*entry.id);
      if (takes_layers || entry.kind != Kind::layer) {
        rest.insert(*entry.id);
      }
    }
  }
  std::vector<Digest> order;
  const auto add = [&](const Digest& id) {
    if (unneeded.erase(id) != 0) {
      order.push_back(id);
      rest.erase(id);
    }
  };
  for (const ImageRecord& image : needs.forgettable) {
    std::for_each(image.layers.begin(), image.layers.end(), add);
    add(image.manifest_digest);
    add(image.config_digest);
  }
  order.insert(order.end(), rest.begin(), rest.end());
  return order;
}

Result<Held> lock_in_order(const Store& store, const std::vector<Digest>& order) {
  Held held;
  for (const Digest& id : order) {
    if (held.locks.size() >= kMaxLocks) {
      held.busy.insert(id);
      held.more = true;
      continue;
    }
    TRY_ASSIGN(auto lock, store.try_lock_layer(id, sys::LockMode::exclusive));
    if (lock) {
      held.locks.emplace(id, std::move(*lock));
    } else {
      held.busy.insert(id);
    }
  }
  return held;
}

/// An image somebody is making an environment of, or pulling anew.
bool is_busy(const ImageRecord& image, const std::set<Digest>& busy) {
  const auto has = [&](const Digest& digest) { return busy.contains(digest); };
  return has(image.manifest_digest) || has(image.config_digest) ||
         std::any_of(image.layers.begin(), image.layers.end(), has);
}

void find_missing(const Store& store,
                  const std::vector<ImageRecord>& images,
                  const StoreUsage& usage,
                  std::vector<std::string>& problems) {
  std::set<Digest> reported;
  for (const ImageRecord& image : images) {
    const std::string name = text::sanitize(image.reference);
    for (const Digest& layer : image.layers) {
      if (!store.has_layer(layer)) {
        problems.push_back(format("image '{}': layer {} is missing", name, layer.abbreviated()));
        reported.insert(layer);
      }
    }
    for (const auto& [what, blob] :
         {std::pair("manifest", image.manifest_digest), std::pair("config", image.config_digest)}) {
      if (!sys::exists(store.blob_file(blob))) {
        problems.push_back(format("image '{}': {} {} is missing", name, what, blob.abbreviated()));
      }
    }
  }
  for (const Digest& layer : usage.layers) {
    if (!store.has_layer(layer) && !reported.contains(layer)) {
      problems.push_back(
          format("layer {}, which an environment needs, is missing", layer.abbreviated()));
    }
  }
}

}  // namespace

Result<PrunePlan> Store::plan_prune(const std::function<Result<StoreUsage>()>& usage,
                                    bool all) const {
  PrunePlan plan;
  TRY_ASSIGN(const std::vector<Entry> entries, list_entries(*this, plan.problems));
  TRY_ASSIGN(auto unnamed,
             sys::FileLock::try_acquire(unnamed_lock_file(), sys::LockMode::exclusive));
  const bool takes_layers = unnamed.has_value();
  if (takes_layers) {
    plan.locks.push_back(std::move(*unnamed));
  }
  // The first look only chooses what to lock. Whoever begins to use something locks it first, so
  // what the second look finds unneeded stays so while we hold its lock.
  TRY_ASSIGN(const StoreUsage usage_before, usage());
  TRY_ASSIGN(const std::vector<ImageRecord> images_before, images());
  const Needs needs_before = find_needs(*this, images_before, usage_before, all);
  TRY_ASSIGN(Held held, lock_in_order(*this, order_of_locks(entries, needs_before, takes_layers)));

  TRY_ASSIGN(const StoreUsage usage_now, usage());
  TRY_ASSIGN(const std::vector<ImageRecord> images_now, images());
  Needs needs = find_needs(*this, images_now, usage_now, all);
  for (const ImageRecord& image : needs.forgettable) {
    if (is_busy(image, held.busy)) {
      needs.layers.insert(image.layers.begin(), image.layers.end());
      needs.blobs.insert({image.manifest_digest, image.config_digest});
    } else {
      plan.images.push_back(image.reference);
    }
  }
  std::set<Digest> removed;
  bool leaves_layers = false;
  for (const Entry& entry : entries) {
    if (is_needed(entry, needs)) {
      continue;
    }
    if (entry.kind == Kind::layer && !takes_layers) {
      leaves_layers = true;
      continue;
    }
    if (entry.id && !held.locks.contains(*entry.id)) {
      continue;
    }
    plan.paths.push_back(entry.path);
    if (entry.id) {
      removed.insert(*entry.id);
    }
  }
  for (auto& [id, lock] : held.locks) {
    if (removed.contains(id)) {
      plan.locks.push_back(std::move(lock));
    }
  }
  plan.more = held.more;
  if (leaves_layers) {
    plan.problems.emplace_back("unused layers stay while a commit, or another prune, is going on");
  }
  find_missing(*this, images_now, usage_now, plan.problems);
  return plan;
}

Result<PrunePlan> Store::plan_prune(const std::set<Digest>& used_layers,
                                    const std::set<Digest>& used_manifests,
                                    bool all) const {
  return plan_prune(
      [&]() -> Result<StoreUsage> {
        return StoreUsage{used_layers, used_manifests};
      },
      all);
}

Result<void> Store::remove_stale_locks() const {
  std::vector<std::string> problems;  // told about by plan_prune
  TRY_ASSIGN(const std::vector<Entry> entries, list_entries(*this, problems));
  std::set<Digest> present;
  for (const Entry& entry : entries) {
    if (entry.id) {
      present.insert(*entry.id);
    }
  }
  TRY_ASSIGN(const std::vector<std::string> names, sys::list_directory(path_ + "/locks"));
  for (const std::string& name : names) {
    const auto id = digest_of_name(name);
    if (!id || name.size() != kHexLength || present.contains(*id)) {
      continue;
    }
    // Whoever uses it holds it, and whoever waits for it notices that the file has gone (FileLock).
    TRY_ASSIGN(const auto lock, try_lock_layer(*id, sys::LockMode::exclusive));
    if (lock) {
      TRY(sys::remove_file(lock_file(*id)));
    }
  }
  return {};
}

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
// An image that is known in full, before its layers are there.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/config.hpp"
#include "env/image/fetch/layer_job.hpp"
#include "env/image/manifest.hpp"
#include "env/image/store.hpp"

namespace devenv::image::fetch {

/// A small blob and its digest.
struct Document {
  Digest digest;
  std::string bytes;
};

struct LayerPlan {
  Digest digest;
  std::uint64_t size_bytes = 0;
  Digest diff_id;
  Digest chain_id;
  std::variant<Downloaded, InFile, Piped> bytes;
  /// Of a zstd:chunked or eStargz layer: where its table of contents is; if it was read, what it
  /// says; and if only parts have to come, which, and how.
  std::optional<ContentsPlace> contents;
  std::optional<std::vector<LargeFile>> large_files;
  std::shared_ptr<const ChunkPlan> chunks;
  std::optional<Downloaded> chunk_bytes;
};

struct ImagePlan {
  std::string reference;
  Document manifest;
  Document config;
  ImageConfig parsed_config;
  std::vector<LayerPlan> layers;  ///< lowest first
};

/// Puts the parts together; `layers` get their diff and chain ids, and no bytes yet.
/// Errors: those of parse_config.
Result<ImagePlan> plan_image(std::string reference,
                             Document manifest,
                             const std::vector<Descriptor>& layers,
                             Document config);

/// A manifest and a config for a single layer that came without (a root file system), or a manifest
/// for layers of a docker archive. The same input gives the same bytes, and so the same digest.
Document make_config(const std::string& architecture, const Digest& diff_id);
Document make_manifest(const Document& config,
                       const std::vector<Descriptor>& layers,
                       const std::map<std::string, std::string>& annotations = {});

/// An image whose documents are in the store.
struct StoredImage {
  Manifest manifest;
  ImagePlan plan;  ///< its layers have no bytes
};
/// Errors: not_found (no such manifest), integrity.
Result<StoredImage> load_image(const Store& store,
                               const Digest& manifest,
                               const std::string& reference);

}  // namespace devenv::image::fetch

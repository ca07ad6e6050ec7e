// SPDX-License-Identifier: MIT
// The last part: layers that are complete get their names, then the image is recorded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/image_plan.hpp"
#include "env/image/fetch/layer_job.hpp"
#include "env/image/fetch/root_task.hpp"

namespace devenv::image::fetch {

/// One layer of an image, lowest first: in the store already, or unpacked below `directory`.
struct StackedLayer {
  Digest chain_id;
  std::string directory;                  ///< empty: in the store
  const LayerOutcome* outcome = nullptr;  ///< of a new layer
};

/// Completes new layers with what they need from the layers below, writes everything to the disk,
/// and renames them into place; `work` forgets them. `used_up` are files that only another attempt
/// at the same layers would need: they are removed as soon as the layers are complete.
Result<void> publish_layers(const Context& context,
                            const std::vector<StackedLayer>& layers,
                            const std::vector<std::string>& used_up,
                            WorkDirectories& work);

/// What layer.json says.
struct LayerFacts {
  Digest chain_id;
  Digest diff_id;
  std::uint64_t size_bytes = 0;
  std::uint64_t entries = 0;
  std::uint64_t tar_bytes = 0;  ///< of the tar that has diff_id
  std::uint64_t newest = 0;     ///< as in UnpackResult
};
/// Not synced: that is done once, for all layers and their trees together.
Result<void> write_layer_json(const std::string& directory, const LayerFacts& facts);
/// Everything written to the store's file system reaches the disk.
Result<void> sync_store(const Context& context);

/// Stores the documents and records the image. Its layers are in place and locked.
Result<ImageRecord> record_image(const Context& context, const ImagePlan& plan);

/// What layer.json says a layer takes; 0 when it does not.
std::uint64_t layer_size(const Store& store, const Digest& chain_id);
/// And how long its tar is; 0 for layers of earlier versions, which do not say.
std::uint64_t layer_tar_size(const Store& store, const Digest& chain_id);
/// And the time of its newest entry, seconds since 1970; 0 likewise.
std::uint64_t layer_newest(const Store& store, const Digest& chain_id);

}  // namespace devenv::image::fetch

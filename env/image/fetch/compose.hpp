// SPDX-License-Identifier: MIT
// The documents of an image that is made on this machine. Nothing here touches bytes of layers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/image_plan.hpp"

namespace devenv::image::fetch {

/// What the manifest of an image says of one layer, and what the config says.
struct ImageLayer {
  Descriptor blob;
  Digest diff_id;
};
/// Lowest first.
std::vector<ImageLayer> layers_of(const StoredImage& image);

/// `base` with more layers on top: its config with diff ids, history and labels added; an OCI
/// manifest, whatever the base's is. As a manifest cannot leave out how a layer is packed, new
/// layers are described as plain tars, which exist nowhere yet: push packs them. `tar_sizes` are
/// those of the new layers' tars. It was created when its newest file was changed
/// (`newest`, seconds since 1970; 0: when the base was), so that the same layers give the same
/// image. Errors: integrity (the layers do not stand on the base); unsupported (too many).
Result<StoredImage> compose_image(const StoredImage& base,
                                  const NewImage& image,
                                  const std::vector<std::uint64_t>& tar_sizes,
                                  std::uint64_t newest);

/// The same image with other layers in the same places: packed otherwise, or with other diff ids.
Result<ImagePlan> with_layers(const ImagePlan& image, const std::vector<ImageLayer>& layers);

/// The image's own name for where its lower layers come from (org.opencontainers.image.base.name);
/// nullopt when there is none. Source: OCI image-spec, annotations.md.
std::optional<std::string> base_name(const Document& manifest);

/// Whether `reference` names an image of a registry: "localhost/..." is where imports and
/// bootstraps are put.
bool is_in_registry(const Reference& reference);

}  // namespace devenv::image::fetch

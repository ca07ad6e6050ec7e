// SPDX-License-Identifier: MIT
// What push and save have in common: an image of the store on its way out.
#pragma once

#include <map>
#include <string>

#include "env/image/fetch/compose.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/image_plan.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::image::fetch {

/// An open file without a name: whatever ends this process, nothing is left.
Result<sys::UniqueFd> make_temporary_file(const Context& context);

/// The image as it is in the store, or will be: `image` has only the layers above the base then.
/// Errors: those of load_image and compose_image; not_found for a new layer.
Result<StoredImage> load_new_image(const Context& context, NewImage& image);

/// Keeps layers and documents from being pruned.
Result<std::map<Digest, sys::FileLock>> lock_parts(const Context& context, const ImagePlan& plan);

bool is_complete(const Store& store, const ImagePlan& plan);

/// The record of an image that is not kept here.
ImageRecord describe(const ImagePlan& plan);

/// A layer of the store as a gzip, and what the manifest says of that.
struct PackedLayer {
  sys::UniqueFd file;
  ImageLayer layer;
};
/// Errors: not_found, with what can be done about it; those of pack_as_root. Forks: no connection
/// may be open.
Result<PackedLayer> pack_stored_layer(const Context& context,
                                      const Digest& chain_id,
                                      const std::string& id);

}  // namespace devenv::image::fetch

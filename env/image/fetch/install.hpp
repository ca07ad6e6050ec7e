// SPDX-License-Identifier: MIT
// From a plan to an image in the store: the part that pulling and importing share.
#pragma once

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/image_plan.hpp"
#include "env/image/fetch/layer_job.hpp"

namespace devenv::image::fetch {

/// Makes the layers that are missing and records the image. Errors: see pull.
Result<ImageRecord> install_image(const Context& context, const ImagePlan& plan);

/// Makes an image of a single layer of which nothing is known before it has been read: `id`,
/// `size_bytes` and `bytes` of the job are given. Its architecture is found in its programs.
Result<ImageRecord> install_root_filesystem(const Context& context,
                                            const std::string& reference,
                                            LayerJob job);

}  // namespace devenv::image::fetch

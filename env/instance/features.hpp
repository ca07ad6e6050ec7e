// SPDX-License-Identifier: MIT
// Getting dev container features, by running devenv-image: this program never parses bytes from
// outside.
#pragma once

#include <string>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/image/feature.hpp"
#include "env/image/reference.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

enum class Asking { registry, nobody };

/// The feature that a reference names: a digest in it says which; a tag is asked for once, and what
/// it was then is taken until forget_feature(). With Asking::nobody only what is in the store.
/// Errors: not_found when it is not there and nobody may be asked; those of the image program.
Result<image::StoredFeature> obtain_feature(const Workspace& workspace,
                                            const image::Reference& reference,
                                            Asking asking,
                                            Reporter& reporter);

/// The registry is asked again what the tag is.
Result<void> forget_feature(const Workspace& workspace, const image::Reference& reference);

/// Removes all features of the store. What was installed from them stays.
Result<void> remove_features(const image::Store& store);

/// Where a file of it lies.
std::string feature_file(const image::Store& store,
                         const image::StoredFeature& feature,
                         const image::FeatureFile& file);

}  // namespace devenv::instance

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
#include "env/sys/file_lock.hpp"

namespace devenv::instance {

enum class Asking {
  nobody,    ///< only what is in the store
  registry,  ///< what is not
  always,    ///< the registry, what a tag is now
};

/// A feature that nobody removes as long as this lives.
struct HeldFeature {
  image::StoredFeature stored;
  sys::FileLock lock;
};

/// The feature that a reference names: a digest in it says which; a tag is asked for once, and what
/// it was then is taken until Asking::always. What is damaged is fetched again.
/// Errors: not_found when it is not there and nobody may be asked; those of the image program.
Result<HeldFeature> obtain_feature(const Workspace& workspace,
                                   const image::Reference& reference,
                                   Asking asking,
                                   Reporter& reporter);

bool has_features(const image::Store& store);
/// Removes the features of the store that nobody uses at this moment. What was installed from them
/// stays.
Result<void> remove_features(const image::Store& store);

/// Where a file of it lies.
std::string feature_file(const image::Store& store,
                         const image::StoredFeature& feature,
                         const image::FeatureFile& file);

}  // namespace devenv::instance

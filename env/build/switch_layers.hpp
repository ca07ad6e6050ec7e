// SPDX-License-Identifier: MIT
// An environment that goes on with other layers below what was changed in it by hand.
#pragma once

#include <string>
#include <vector>

#include "env/image/record.hpp"
#include "env/instance/environment.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::build {

enum class Changes {
  keep,     ///< what was changed inside stays; refused where the layers change the same
  discard,  ///< the root begins anew
};

/// Whether switch_layers would keep everything; also of one that runs. Errors: its conflicts.
Result<void> check_switch(const instance::Workspace& workspace,
                          const instance::Environment& environment,
                          const std::vector<Digest>& layers);

/// Gives an environment that is not running the root `layers` (lowest first) of `image`. Account
/// files are merged line by line, files that programs make anew are let go.
///
/// Errors: conflict when it is running; conflict naming the files when both the user and the layers
/// changed them (or the storage is `copy`, which cannot tell), and Changes::keep was asked for:
/// then nothing has changed.
Result<void> switch_layers(const instance::Workspace& workspace,
                           const instance::EnvironmentDirectory& place,
                           const image::ImageRecord& image,
                           const std::vector<Digest>& layers,
                           Changes changes);

}  // namespace devenv::build

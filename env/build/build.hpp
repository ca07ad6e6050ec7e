// SPDX-License-Identifier: MIT
// Steps become layers, once: whoever asks for the same on top of the same gets the layer that is
// there.
#pragma once

#include <string>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/build/step.hpp"
#include "env/build/step_store.hpp"
#include "env/image/record.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::build {

struct BuildRequest {
  image::ImageRecord base;
  std::vector<Step> steps;
  std::string log_file;  ///< gets what the steps print; made anew when the first one runs
};

/// The layers that are there already, from the first step on, until one is missing.
std::vector<BuiltLayer> find_layers(const image::Store& store,
                                    const image::ImageRecord& base,
                                    const std::vector<Step>& steps);

/// One layer for each step, made where it is missing. A step that fails leaves nothing but its log;
/// the layers of the steps before it are kept. A signal ends the step and gives an interrupted
/// error. Errors: failed, naming the step, when one of its commands fails.
Result<std::vector<BuiltLayer>> build_layers(const instance::Workspace& workspace,
                                             const BuildRequest& request,
                                             Reporter& reporter);

/// The chain of a root: the base's layers, then those of the steps; lowest first.
std::vector<Digest> chain_of(const image::ImageRecord& base, const std::vector<BuiltLayer>& built);

}  // namespace devenv::build

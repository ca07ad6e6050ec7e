// SPDX-License-Identifier: MIT
// The changes of an environment become a layer of an image.
#pragma once

#include <map>
#include <string>

#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/record.hpp"
#include "env/image/reference.hpp"
#include "env/instance/environment.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::build {

struct CommitRequest {
  image::Reference reference;  ///< of the new image
  std::map<std::string, std::string> labels;
};

/// Makes an image of an environment that is not running: its layers, and what was changed in it as
/// one more, without what starts write for the user. It keeps its changes; they are copied (shared
/// blocks where the file system can). With
/// the `copy` driver the image has a single layer, which is the whole tree.
/// Errors: conflict when it is running; those of seal_layer and record_image.
Result<image::ImageRecord> commit_environment(const instance::Workspace& workspace,
                                              const instance::EnvironmentDirectory& place,
                                              const CommitRequest& request,
                                              Reporter& reporter);

}  // namespace devenv::build

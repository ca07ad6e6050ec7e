// SPDX-License-Identifier: MIT
// How the programs of an image want to be run.
#pragma once

#include <string>
#include <vector>

#include "env/base/json.hpp"
#include "env/base/result.hpp"
#include "env/image/config.hpp"

namespace devenv::image {

/// Source: OCI image-spec, config.md.
struct RunConfig {
  std::vector<std::string> environment;  ///< "NAME=value"
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::string working_directory;  ///< "" if not given
  std::string user;               ///< "user", "uid", "user:group"...; "" is root

  Json to_json() const;
  /// Errors: integrity, naming the member that is wrong.
  static Result<RunConfig> from_json(const Json& json);

  bool operator==(const RunConfig&) const = default;
};

RunConfig run_config_of(const ImageConfig& config);

}  // namespace devenv::image

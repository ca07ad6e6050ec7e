// SPDX-License-Identifier: MIT
#include "env/image/run_config.hpp"

namespace devenv::image {

Json RunConfig::to_json() const {
  return Json{{"environment", environment},
              {"entrypoint", entrypoint},
              {"command", command},
              {"working_directory", working_directory},
              {"user", user}};
}

Result<RunConfig> RunConfig::from_json(const Json& json) {
  RunConfig config;
  TRY_ASSIGN(config.environment, json::get_strings(json, "environment"));
  TRY_ASSIGN(config.entrypoint, json::get_strings(json, "entrypoint"));
  TRY_ASSIGN(config.command, json::get_strings(json, "command"));
  TRY_ASSIGN(config.working_directory, json::get_string(json, "working_directory"));
  TRY_ASSIGN(config.user, json::get_string(json, "user"));
  return config;
}

RunConfig run_config_of(const ImageConfig& config) {
  return {.environment = config.environment,
          .entrypoint = config.entrypoint,
          .command = config.command,
          .working_directory = config.working_directory,
          .user = config.user};
}

}  // namespace devenv::image

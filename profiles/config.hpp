// SPDX-License-Identifier: MIT
// The user's own defaults: <config>/config.toml.
#pragma once

#include <optional>
#include <string>

#include "env/base/result.hpp"
#include "env/host/shares.hpp"
#include "env/sandbox/storage.hpp"

namespace devenv::profiles {

/// What config.toml says. A default-constructed Config is the one of a user who has no such file.
struct Config {
  /// `storage` of `[defaults]`; nullopt: automatic.
  std::optional<sandbox::StorageDriver> storage;
  /// `share` and `no-share` of `[defaults]`.
  host::ShareChoice shares;
};

/// Reads `config_directory`/config.toml; a file that does not exist is the default.
///
/// Errors: usage, "file:line:column: ..." of the first problem; whatever reading the file gives.
Result<Config> load_config(const std::string& config_directory);

}  // namespace devenv::profiles

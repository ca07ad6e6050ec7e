// SPDX-License-Identifier: MIT
// Where devenv keeps its things (XDG Base Directory Specification 0.8).
#pragma once

#include <functional>
#include <string>

#include "env/base/result.hpp"

namespace devenv {

/// Absolute host paths, computed once from the caller's variables. Nothing is created here.
struct AppPaths {
  std::string data;    ///< $XDG_DATA_HOME/devenv: store and environments
  std::string config;  ///< $XDG_CONFIG_HOME/devenv: config.toml, profiles/
  std::string cache;   ///< $XDG_CACHE_HOME/devenv

  std::string store() const { return data + "/store"; }
  std::string environments() const { return data + "/envs"; }

  /// `get_variable` gives a variable's value or "" (an empty or relative value counts as unset, as
  /// the specification says); `home` is the user's home directory.
  /// Errors: unsupported if there is neither a home directory nor the variables.
  static Result<AppPaths> from_environment(
      const std::function<std::string(const char*)>& get_variable, const std::string& home);
};

}  // namespace devenv

// SPDX-License-Identifier: MIT
#include "env/base/app_paths.hpp"

namespace devenv {

Result<AppPaths> AppPaths::from_environment(
    const std::function<std::string(const char*)>& get_variable, const std::string& home) {
  const bool has_home = home.starts_with('/');
  bool complete = true;
  const auto directory = [&](const char* variable, const char* below_home) {
    const std::string value = get_variable(variable);
    if (value.starts_with('/')) {
      return value + "/devenv";
    }
    complete = complete && has_home;
    return home + below_home + "/devenv";
  };
  AppPaths paths{.data = directory("XDG_DATA_HOME", "/.local/share"),
                 .config = directory("XDG_CONFIG_HOME", "/.config"),
                 .cache = directory("XDG_CACHE_HOME", "/.cache")};
  if (!complete) {
    return fail(Error(ErrorCode::unsupported, "cannot find your home directory")
                    .with_hint("set HOME to an absolute path"));
  }
  return paths;
}

}  // namespace devenv

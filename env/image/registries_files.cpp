// SPDX-License-Identifier: MIT
#include "env/image/registries_files.hpp"

#include <algorithm>

#include "env/sys/file.hpp"

namespace devenv::image {

bool RegistriesFiles::exist() const {
  return named || sys::exists(learnt) || std::any_of(main.begin(), main.end(), sys::exists) ||
         std::any_of(drop_ins.begin(), drop_ins.end(), sys::exists);
}

RegistriesFiles registries_files(const std::function<std::string(const char*)>& get_variable,
                                 const std::string& system_directory) {
  const auto below = [&](const char* variable, const char* fallback) {
    const std::string value = get_variable(variable);
    return (value.empty() ? get_variable("HOME") + fallback : value) + "/containers/";
  };
  const std::string user = below("XDG_CONFIG_HOME", "/.config");
  const std::string named = get_variable("CONTAINERS_REGISTRIES_CONF");
  RegistriesFiles files{
      .main = {named},
      .drop_ins = {system_directory + "/registries.conf.d", user + "registries.conf.d"},
      .learnt = below("XDG_CACHE_HOME", "/.cache") + "short-name-aliases.conf",
      .named = !named.empty()};
  if (!files.named) {
    files.main = {user + "registries.conf", system_directory + "/registries.conf"};
  }
  return files;
}

}  // namespace devenv::image

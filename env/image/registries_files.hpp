// SPDX-License-Identifier: MIT
// Where it may be written what registries there are. Only devenv-image reads it; a program that
// must not can ask whether there is anything to read.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace devenv::image {

struct RegistriesFiles {
  std::vector<std::string> main;      ///< registries.conf: the first that there is counts
  std::vector<std::string> drop_ins;  ///< directories of *.conf, in their order
  std::string learnt;                 ///< aliases that podman has learnt
  bool named = false;                 ///< `main` is what $CONTAINERS_REGISTRIES_CONF says

  /// Whether one of them is there.
  bool exist() const;
};

/// $CONTAINERS_REGISTRIES_CONF, else containers/registries.conf in $XDG_CONFIG_HOME (default:
/// ~/.config), else that of `system_directory`; registries.conf.d of `system_directory` and of the
/// user; containers/short-name-aliases.conf in $XDG_CACHE_HOME (default: ~/.cache).
/// Source: containers-registries.conf(5), containers-registries.conf.d(5).
RegistriesFiles registries_files(const std::function<std::string(const char*)>& get_variable,
                                 const std::string& system_directory = "/etc/containers");

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
// The units of an environment, as its own service managers would find them.
// Source: systemd.unit(5), "UNIT FILE LOAD PATH" and the paragraphs on drop-in files.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace devenv::exporting {

struct FoundUnit {
  std::string name;        ///< "foo@bar.service"; an alias gives the name of what it stands for
  std::string path;        ///< inside
  bool of_system = false;  ///< from a directory of system units
  bool is_masked = false;  ///< a link to /dev/null, or empty
  std::string text;
  std::vector<std::string> drop_ins;  ///< contents, in the order they count
};

/// `root` is a descriptor of the environment's root directory. `query` is a name, that of a service
/// without ".service" too, or an absolute path in a directory of units. The user's units come
/// first, because those of the system need root inside. nullopt when there is none.
std::optional<FoundUnit> find_unit(int root, const std::string& query);

/// Names of services and timers, templates among them, that could be enabled: sorted.
std::vector<std::string> list_units(int root);

}  // namespace devenv::exporting

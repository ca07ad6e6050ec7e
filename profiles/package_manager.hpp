// SPDX-License-Identifier: MIT
// Package managers: what is run inside to install, list, upgrade... without asking anything.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "profiles/profile.hpp"
#include "profiles/project.hpp"

namespace devenv::profiles {

/// Each verb is a text for sh, run inside as root: sh -c VERB sh ARGUMENTS... It asks nothing, and
/// ends with status 0 when it is done. An empty one is something that this manager cannot do.
///
/// DEVENV_PACKAGE_CACHE, where it is set, names a directory inside that outlives the environment:
/// what is downloaded goes there and stays, and nothing of it remains in the root. Environments of
/// one distribution can use one such directory at the same time; those of different ones must not.
struct PackageManager {
  std::string name;     ///< "apt"
  std::string program;  ///< whose presence in PATH says that an image has it
  std::string beside;   ///< another one that must be there too; "" for none

  /// What each verb begins with: settings, functions.
  std::string prelude;
  std::string refresh;  ///< learn which packages there are
  std::string install;  ///< ARGUMENTS: packages
  std::string remove;   ///< ARGUMENTS: packages
  std::string upgrade;  ///< everything that is installed; refreshes first
  std::string list;     ///< print "NAME VERSION" of all that is installed, sorted by byte
  std::string clean;    ///< what is left of downloads in the root, never DEVENV_PACKAGE_CACHE
  std::string add_repository;  ///< $1: in the form that profiles/README.md has for each manager
  std::string add_key;         ///< $1: a file inside
  std::string snapshot;        ///< $1: a day, "2026-11-22": packages as they were then

  /// Whether it uses DEVENV_PACKAGE_CACHE.
  bool caches = false;
  /// The packages of each tool of tool_names(); none for what its distributions do not have.
  ToolPackages tools;
};

/// What can be asked for by one name on every distribution, sorted: "cmake", "compiler", "git"...
const std::vector<std::string>& tool_names();

/// "apk", "apt"...
std::vector<std::string> package_manager_names();

/// All of them, in the order in which an image is asked for them.
Result<std::vector<PackageManager>> package_managers();

/// Errors: not_found, with what there is.
Result<PackageManager> find_package_manager(std::string_view name);

/// That of a release of a profile, with the profile's own verbs and tools.
Result<PackageManager> find_package_manager(const Profile& profile, const Release& release);

/// That of an image without a profile; `has` tells whether a program is in PATH inside.
/// Errors: not_found, when it has none that is known.
Result<PackageManager> detect_package_manager(
    const std::function<bool(const std::string& program)>& has);

/// One call of sh: sh -c LINE sh ARGUMENTS...
struct ShellStep {
  std::string line;
  std::vector<std::string> arguments;

  bool operator==(const ShellStep&) const = default;
};

/// What installs the project's packages, in its order: keys, repositories, snapshot, refresh,
/// install, clean. Empty when nothing is asked for. `base` is only for messages.
/// Errors: usage, when the manager cannot do what is asked, or a tool is not to be had.
Result<std::vector<ShellStep>> package_steps(const Project& project,
                                             const PackageManager& manager,
                                             const Profile* base);

/// Files of the project that package_steps() reads at their place inside (project.directory): keys.
/// Relative to it.
std::vector<std::string> package_inputs(const Project& project);

}  // namespace devenv::profiles

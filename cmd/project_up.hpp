// SPDX-License-Identifier: MIT
// A project's environment becomes what its files say.
#pragma once

#include <optional>
#include <string>

#include "cmd/cli.hpp"
#include "cmd/project_load.hpp"
#include "cmd/project_steps.hpp"
#include "env/build/build.hpp"
#include "env/instance/environment.hpp"
#include "env/sys/file_lock.hpp"
#include "profiles/lock.hpp"

namespace devenv::cmd {

struct UpFlags {
  ProjectFlags project;
  bool locked = false;           ///< the lock must fit, and is not changed
  bool frozen = false;           ///< and nothing is fetched or built
  bool restart = false;          ///< end what runs inside if that is needed
  bool discard_changes = false;  ///< let go of what was changed inside by hand
  bool adopt = false;            ///< take over the environment of a project that is gone
  bool without_lock = false;     ///< as if there were none: for what makes a new one
  bool renew = false;            ///< ask the registries what tags of features are now
};
void add_up_flags(CLI::App& app, UpFlags& flags);

/// The environment as it is, when nothing that it depends on has changed since it was brought up:
/// a few stat(2) calls. nullopt otherwise.
Result<std::optional<instance::Environment>> current_environment(const std::string& directory,
                                                                 const std::string& variant,
                                                                 Context& context);

/// What a project comes to, before there is an environment of it.
struct ProjectRoot {
  image::ImageRecord image;               ///< the base, with the variables of the features
  std::vector<build::BuiltLayer> layers;  ///< on top of it
  std::vector<Digest> chain;              ///< of all
  /// The base's own variables: those of features are in `image` only.
  std::vector<std::string> image_environment;
  PackageGroups groups;              ///< what was installed together
  std::string manager;               ///< by which package manager; "": none
  std::vector<build::Step> steps;    ///< what made the layers
  std::vector<sys::FileLock> locks;  ///< keep the layers from being pruned
  std::vector<profiles::LockedFeature> features;
  std::vector<std::string> path;  ///< directories of the features, in front of PATH
};

/// Fetches and builds what is missing. Errors: those of fetching and building; conflict for
/// `locked` when the lock does not fit, not_found for `frozen` when something is missing.
Result<ProjectRoot> make_project_root(const profiles::Project& project,
                                      const UpFlags& flags,
                                      Context& context);

/// Makes the environment, or changes it; nothing when it is what the project says. Does not start
/// it. Errors: conflict when it is in use and would have to be restarted.
Result<instance::Environment> bring_up(const std::string& directory,
                                       const UpFlags& flags,
                                       Context& context);

/// The name of the lock that counts: the variant's own, else that of the project.
std::string lock_in_use(const profiles::Project& project);
/// That lock as it was read with devenv.toml; nullopt when there is none.
Result<std::optional<profiles::ProjectLock>> load_project_lock(const profiles::Project& project);

/// The name of a project's environment: what devenv.toml says, else its directory's; with the
/// variant, and with a number of the directory where another project has the name.
Result<instance::EnvironmentName> project_environment_name(const profiles::Project& project,
                                                           const std::string& variant,
                                                           Context& context,
                                                           bool adopt = false);

}  // namespace devenv::cmd

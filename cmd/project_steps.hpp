// SPDX-License-Identifier: MIT
// A project as the steps that make its root, and as what its environment is to be.
#pragma once

#include <string>
#include <vector>

#include "cmd/context.hpp"
#include "cmd/origin.hpp"
#include "cmd/project_features.hpp"
#include "env/build/step.hpp"
#include "env/image/record.hpp"
#include "env/instance/create.hpp"
#include "profiles/project.hpp"

namespace devenv::cmd {

/// Where a project's base comes from. Errors: usage when it names none; those of origins.
Result<Origin> origin_of_project(const profiles::Project& project, Context& context);

/// Packages that were installed together, in the order in which that was done.
using PackageGroups = std::vector<std::vector<std::string>>;

struct ProjectSteps {
  std::vector<build::Step> steps;
  PackageGroups groups;  ///< of the first steps
  std::string manager;   ///< that installs them; "": none
  std::vector<profiles::LockedFeature> features;
  std::vector<profiles::Variables> environment;  ///< of the features: what the root's has more
  std::vector<FeatureRemark> remarks;
  std::vector<sys::FileLock> locks;  ///< of the features' files
};

/// What was installed before stays as it is, and what is new comes on top, as long as everything of
/// before is still wanted; from time to time all of it is put together anew. Pure.
PackageGroups grouped(const PackageGroups& before, const std::vector<std::string>& wanted);

/// What was before: of the lock, or the last time.
struct StepsBefore {
  PackageGroups groups;
  std::string manager;  ///< for a base that is not here to be looked at; "": not known
  FeatureRules features = {};
};

/// The packages (a step for each group), the features, then the project's own. `base` is the image
/// they lie on. Errors: those of package_steps, features_of_project and find_inputs; usage when the
/// base's package manager is not known.
Result<ProjectSteps> steps_of_project(const profiles::Project& project,
                                      const Origin& origin,
                                      const image::ImageRecord& base,
                                      const StepsBefore& before,
                                      Context& context);

/// All but name, source and layers: shares, mounts, variables...
/// Errors: usage for mounts and dotenv files.
Result<instance::CreateRequest> request_of_project(const profiles::Project& project,
                                                   Origin origin,
                                                   instance::EnvironmentName name,
                                                   Context& context);

}  // namespace devenv::cmd

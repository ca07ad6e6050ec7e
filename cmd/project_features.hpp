// SPDX-License-Identifier: MIT
// The dev container features of a project as steps.
#pragma once

#include <string>
#include <vector>

#include "cmd/context.hpp"
#include "env/build/step.hpp"
#include "profiles/features.hpp"
#include "profiles/lock.hpp"
#include "profiles/project.hpp"

namespace devenv::cmd {

/// Where features may come from.
struct FeatureRules {
  std::vector<profiles::LockedFeature> pins;
  bool only_pinned = false;  ///< one without a pin is an error
  bool offline = false;      ///< only what is in the store
  bool renew = false;        ///< ask the registries what tags are now
};

/// What a person should know of a feature.
struct FeatureRemark {
  std::string message;
  std::string hint;
};

struct ProjectFeatures {
  std::vector<build::Step> steps;                ///< in their order
  std::vector<profiles::LockedFeature> locked;   ///< with those that others ask for
  std::vector<profiles::Variables> environment;  ///< of each of them in turn
  std::vector<FeatureRemark> remarks;            ///< what they ask for and no environment gives...
  std::vector<sys::FileLock> locks;              ///< keep their files
};

/// Fetches what is missing, and what that depends on. Errors: those of fetching and of options;
/// conflict for one that the lock does not know.
Result<ProjectFeatures> features_of_project(const profiles::Project& project,
                                            const FeatureRules& rules,
                                            Context& context);

/// The command as it runs with the variables of features.
instance::CommandWords with_environment(const std::vector<profiles::Variables>& environment,
                                        instance::CommandWords command);

}  // namespace devenv::cmd

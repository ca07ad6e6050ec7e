// SPDX-License-Identifier: MIT
// The environments of the caller.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "env/instance/environment.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

/// An environment whose files cannot be read: listed, so that it can be removed.
struct Damaged : EnvironmentDirectory {
  Error reason;
};

struct Listing {
  std::vector<Environment> environments;  ///< sorted by name
  std::vector<Damaged> damaged;

  /// All of them, whatever their files say; sorted by name.
  std::vector<EnvironmentDirectory> directories() const;
};

Result<Listing> list_environments(const Workspace& workspace);

/// nullopt when there is none of that name. Errors: integrity for files that cannot be read (hint:
/// `devenv rm`), unsupported for files of a newer devenv.
Result<std::optional<Environment>> find_environment(const Workspace& workspace,
                                                    const EnvironmentName& name);

/// As find_environment, but absence is a not_found error whose hint is "did you mean" or
/// `devenv list`.
Result<Environment> get_environment(const Workspace& workspace, const std::string& name);

/// Also of a damaged environment, and of one that a newer devenv made.
/// Errors: not_found, as get_environment.
Result<EnvironmentDirectory> get_directory(const Workspace& workspace, const std::string& name);

/// What the files say now: another process may have removed the environment meanwhile, and made
/// another one of the same name. Errors: not_found; those of find_environment.
Result<Environment> reload(const EnvironmentDirectory& environment);

/// Chain ids and manifests of all environments: what prune must keep. An environment that cannot be
/// read makes this fail: nothing may then be pruned.
struct UsedImages {
  std::set<Digest> layers;
  std::set<Digest> manifests;
};
Result<UsedImages> used_images(const Workspace& workspace);

}  // namespace devenv::instance

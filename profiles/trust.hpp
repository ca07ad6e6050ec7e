// SPDX-License-Identifier: MIT
// Whether a project's files may run, mount and export anything: only after the user has said so of
// exactly these contents. Kept in the user's data directory, so that no project can say it itself.
#pragma once

#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "profiles/project.hpp"

namespace devenv::profiles {

enum class Trust {
  unknown,
  allowed,
  denied,
  changed,  ///< something else was allowed at this place
};

struct TrustRecord {
  Trust trust = Trust::unknown;
  std::vector<ProjectSource> allowed;  ///< what was, for a comparison
};

/// `data` is AppPaths::data; `directory` the project's; `sources` all that it consists of now.
/// The contents themselves are kept, not a digest of them: they can be compared and shown.
/// A record that cannot be read is none.
TrustRecord look_up_trust(const std::string& data,
                          const std::string& directory,
                          const std::vector<ProjectSource>& sources);

Result<void> allow_project(const std::string& data,
                           const std::string& directory,
                           const std::vector<ProjectSource>& sources);
/// Whatever its files say, now and later, until they are allowed.
Result<void> deny_project(const std::string& data, const std::string& directory);

}  // namespace devenv::profiles

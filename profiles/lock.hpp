// SPDX-License-Identifier: MIT
// devenv.toml.lock: what a devenv.toml came to, so that it comes to the same elsewhere. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"

namespace devenv::profiles {

/// "devenv.toml.lock", or "devenv.toml.ci.lock" of variant "ci".
std::string lock_file(std::string_view variant);

struct LockedLayer {
  std::string title;  ///< for people
  Digest key;         ///< of the step; see env/build/step.hpp
  Digest chain_id;
  Digest diff_id;
  std::vector<std::string> packages;  ///< that it installs; none for the project's own steps

  bool operator==(const LockedLayer&) const = default;
};

/// A dev container feature, also one that another one asked for.
struct LockedFeature {
  std::string reference;  ///< as it was asked for
  Digest manifest;

  bool operator==(const LockedFeature&) const = default;
};

struct ProjectLock {
  std::string base;          ///< as devenv.toml says
  std::string architecture;  ///< the digests are of: "amd64"
  std::string image;         ///< canonical reference
  Digest manifest;
  std::vector<Digest> image_layers;            ///< chain ids, lowest first
  std::vector<std::string> image_environment;  ///< the image's own variables
  std::vector<LockedFeature> features;
  std::vector<LockedLayer> layers;  ///< of the steps, lowest first
  std::string pushed;               ///< reference with digest of all of it in a registry; "": none
  std::string manager;              ///< the package manager's name; "": none was asked
  std::vector<std::string> packages;  ///< "NAME VERSION" of all that is installed

  bool operator==(const ProjectLock&) const = default;
};

std::string write_lock(const ProjectLock& lock);
/// Errors: integrity for what write_lock does not write; unsupported for a newer version's.
Result<ProjectLock> read_lock(std::string_view text, const std::string& file);

}  // namespace devenv::profiles

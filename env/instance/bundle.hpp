// SPDX-License-Identifier: MIT
// An image as a bundle that OCI runtimes start.
#pragma once

#include <string>

#include "env/base/json.hpp"
#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/record.hpp"
#include "env/image/run_config.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

/// Ids inside.
struct BundleUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

/// The user of an image's config by what passwd(5) and group(5) say; numbers stand for themselves.
/// Pure. Errors: not_found for a name that is in neither file.
Result<BundleUser> find_bundle_user(const std::string& user,
                                    std::string_view passwd,
                                    std::string_view group);

/// config.json of the bundle, for a runtime without root. Pure.
/// Source: OCI runtime-spec 1.0.2, config.md and config-linux.md.
Json bundle_config(const image::RunConfig& config,
                   const BundleUser& user,
                   const sandbox::IdMap& map,
                   bool terminal);

/// Makes the directory (an absolute path that does not exist): rootfs/ and config.json. Its files
/// belong to ids of the map. Killed, it leaves a directory without config.json.
/// Errors: conflict when it exists; those of the image program and of flatten_layers.
Result<void> make_bundle(const Workspace& workspace,
                         const image::ImageRecord& image,
                         const std::string& directory,
                         bool terminal,
                         Reporter& reporter);

/// Removes one that make_bundle has made. Errors: conflict for any other directory.
Result<void> remove_bundle(const Workspace& workspace, const std::string& directory);

}  // namespace devenv::instance

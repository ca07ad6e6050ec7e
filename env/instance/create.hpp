// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "env/base/reporter.hpp"
#include "env/instance/environment.hpp"
#include "env/instance/images.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

struct CreateRequest {
  EnvironmentName name;
  ImageSource source;
  std::string image_as_given;  ///< what Spec::image records
  std::string profile;
  std::optional<sandbox::StorageDriver> storage;
  PullPolicy pull = PullPolicy::if_missing;
  host::ShareChoice shares;
  HostCommands host_commands = HostCommands::allow;
  ExportWishes exports;
  std::vector<Digest> layers;               ///< chain ids, lowest first; empty: those of the image
  std::optional<image::ImageRecord> image;  ///< what `source` gave, if it was asked already
  std::string project;
  std::vector<ExtraMount> mounts;
  Surroundings surroundings;
  Hooks hooks;
  Limits limits;
  std::string came_from = {};  ///< see Spec::came_from
};

/// Makes an environment; nothing under its name is visible before it is complete. When another
/// process makes the same one at the same time, one of them gets a conflict error.
/// Errors: conflict when it exists; those of obtain_image and choose_storage.
Result<Environment> create_environment(const Workspace& workspace,
                                       const CreateRequest& request,
                                       Reporter& reporter);

/// Replaces spec.json when `change` changes it; false when it does not. In force from the next
/// start. Errors: those of reload.
Result<bool> change_spec(const EnvironmentDirectory& environment,
                         const std::function<void(Spec&)>& change);

/// Gives an environment that is not running another name.
/// Errors: conflict when it is running, or when there is one of that name.
Result<void> rename_environment(const Workspace& workspace,
                                const EnvironmentDirectory& environment,
                                const EnvironmentName& name);

/// Deletes everything of an environment that is not running, also a damaged one. The name is free
/// at once; what an interruption leaves is removed by the next call.
/// Errors: not_found, conflict when it is running.
Result<void> remove_environment(const Workspace& workspace, const EnvironmentName& name);

}  // namespace devenv::instance

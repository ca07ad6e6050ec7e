// SPDX-License-Identifier: MIT
#include "cmd/context.hpp"

#include "cmd/share_flags.hpp"
#include "env/sys/file.hpp"
#include "profiles/config.hpp"

namespace devenv::cmd {

Result<const instance::Workspace*> Context::workspace() {
  if (!workspace_) {
    TRY_ASSIGN(workspace_, instance::Workspace::open());
  }
  return &*workspace_;
}

Result<profiles::Catalog> Context::profiles() {
  TRY_ASSIGN(const auto* const workspace, this->workspace());
  return profiles::Catalog(workspace->paths.config);
}

Result<std::optional<image::Store>> Context::store_if_exists() {
  TRY_ASSIGN(const auto* const workspace, this->workspace());
  if (!sys::exists(workspace->paths.store())) {
    return std::nullopt;
  }
  TRY_ASSIGN(image::Store store, workspace->store());
  return std::optional<image::Store>(std::move(store));
}

Result<std::optional<sandbox::StorageDriver>> Context::storage(
    const std::optional<std::string>& flag) {
  if (flag) {
    return sandbox::parse_storage_preference(*flag);
  }
  TRY_ASSIGN(const auto* const workspace, this->workspace());
  TRY_ASSIGN(const profiles::Config config, profiles::load_config(workspace->paths.config));
  return config.storage;
}

Result<host::ShareChoice> Context::shares(const host::ShareChoice& profile,
                                          const ShareFlags& flags) {
  TRY_ASSIGN(const auto* const workspace, this->workspace());
  TRY_ASSIGN(const profiles::Config config, profiles::load_config(workspace->paths.config));
  TRY_ASSIGN(const host::ShareChoice wanted, choice_of(flags));
  return config.shares.overridden_by(profile).overridden_by(wanted);
}

}  // namespace devenv::cmd

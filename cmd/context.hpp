// SPDX-License-Identifier: MIT
// What a command may use, made when it is first asked for: warm entry needs very little of it.
#pragma once

#include <optional>
#include <string>

#include "cmd/ui/ui.hpp"
#include "env/base/result.hpp"
#include "env/host/shares.hpp"
#include "env/image/store.hpp"
#include "env/instance/workspace.hpp"
#include "env/sandbox/storage.hpp"
#include "profiles/profile.hpp"

namespace devenv::cmd {

struct ShareFlags;

class Context {
 public:
  Context(Ui& ui, unsigned umask) : ui_(ui), umask_(umask) {}

  Ui& ui() { return ui_; }
  /// The caller's: commands in an environment get it.
  unsigned umask() const { return umask_; }

  /// The caller's workspace. The pointer is never null and lives as long as the context.
  Result<const instance::Workspace*> workspace();

  /// The distribution profiles of the caller.
  Result<profiles::Catalog> profiles();

  /// The images of the caller; nullopt when there is no store yet, so that looking makes none.
  Result<std::optional<image::Store>> store_if_exists();

  /// The storage driver of an environment that is made: the flag (`--storage`, nullopt when not
  /// given), else `storage` in config.toml; nullopt is automatic.
  Result<std::optional<sandbox::StorageDriver>> storage(const std::optional<std::string>& flag);

  /// What an environment that is made shares: config.toml, then its profile, then the flags.
  Result<host::ShareChoice> shares(const host::ShareChoice& profile, const ShareFlags& flags);

 private:
  Ui& ui_;
  unsigned umask_;
  std::optional<instance::Workspace> workspace_;
};

}  // namespace devenv::cmd

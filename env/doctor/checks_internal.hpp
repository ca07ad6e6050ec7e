// SPDX-License-Identifier: MIT
// The checks of the table, one function each. They look at the host and change nothing but a
// temporary directory of their own.
#pragma once

#include <optional>
#include <string>

#include "env/base/result.hpp"
#include "env/doctor/distribution.hpp"
#include "env/doctor/facts.hpp"
#include "env/instance/workspace.hpp"
#include "env/sandbox/storage.hpp"
#include "env/sys/namespaces.hpp"

namespace devenv::doctor {

/// What several checks want to know, found out once.
class Context {
 public:
  Context(const instance::Workspace& workspace, Distribution distribution, sys::Credentials caller)
      : workspace_(workspace), distribution_(std::move(distribution)), caller_(std::move(caller)) {}

  const instance::Workspace& workspace() const { return workspace_; }
  const Distribution& distribution() const { return distribution_; }
  const sys::Credentials& caller() const { return caller_; }
  bool as_root() const { return caller_.effective_uid == 0; }

  /// The map of the caller, not yet tried.
  const Result<sandbox::IdMap>& id_map();
  /// Whether a namespace with that map can be entered.
  const Attempt& entered_namespace();
  /// Whether one of the overlays can be mounted on the store's file system.
  const Attempt& storage(sandbox::StorageDriver driver);
  /// The data directory, or the closest directory above that exists: it will be made there.
  const std::string& store_location();

 private:
  Attempt try_storage(sandbox::StorageDriver driver);

  const instance::Workspace& workspace_;
  Distribution distribution_;
  sys::Credentials caller_;
  std::optional<Result<sandbox::IdMap>> id_map_;
  std::optional<Attempt> entered_;
  std::optional<Attempt> overlay_;
  std::optional<Attempt> fuse_overlayfs_;
  std::string store_location_;
};

Result<Verdict> check_kernel(Context& context);
Result<Verdict> check_user_namespaces(Context& context);
Result<Verdict> check_id_helpers(Context& context);
Result<Verdict> check_id_ranges(Context& context);
Result<Verdict> check_id_map(Context& context);
Result<Verdict> check_overlay(Context& context);
Result<Verdict> check_fuse_overlayfs(Context& context);
Result<Verdict> check_store_file_system(Context& context);
Result<Verdict> check_store_mount(Context& context);
Result<Verdict> check_store_space(Context& context);
Result<Verdict> check_records(Context& context);
Result<Verdict> check_runtime_directory(Context& context);
Result<Verdict> check_programs(Context& context);
Result<Verdict> check_bootstrap(Context& context);

}  // namespace devenv::doctor

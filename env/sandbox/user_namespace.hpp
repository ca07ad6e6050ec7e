// SPDX-License-Identifier: MIT
// Processes in a user namespace of ours.
#pragma once

#include <functional>

#include "env/base/result.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sys/process.hpp"

namespace devenv::sandbox {

/// Whether the child also gets a mount namespace of its own.
enum class MountNamespace { shared, own };

/// Starts a child in a new user namespace with `map` and runs `body` there; the child exits with
/// what it returns. In `body` the process has the user's own uid and gid and all capabilities of
/// the namespace, until it executes a program; descriptors stay open. In a mount namespace of its
/// own, mounts are slaves of the host's: what the host mounts later appears, nothing gets out. The
/// child lives on when this process ends. This process must be single-threaded.
///
/// Errors: unsupported with a hint, for each way a host forbids it: user.max_user_namespaces = 0,
/// kernel.unprivileged_userns_clone = 0, AppArmor's restriction, newuidmap without its setuid bit,
/// a primary group that newgidmap does not accept (newgrp).
Result<sys::Child> spawn_in_user_namespace(const IdMap& map,
                                           MountNamespace mounts,
                                           std::function<int()> body);

/// Runs `work` in a child as spawn_in_user_namespace does (the user's own ids, all capabilities)
/// and waits for it. The child ends with this process. The error of `work` comes back whole.
Result<void> run_in_user_namespace(const IdMap& map,
                                   MountNamespace mounts,
                                   const std::function<Result<void>()>& work);

/// Runs `work` as root of a user namespace with `map` (all ids 0, no groups) and waits for it. The
/// error of `work` comes back whole.
Result<void> run_as_namespace_root(const IdMap& map, const std::function<Result<void>()>& work);

/// A user namespace that stays while this object lives, for work done by several processes in turn
/// or at once (one layer each): newuidmap runs once.
class HeldUserNamespace {
 public:
  static Result<HeldUserNamespace> create(const IdMap& map);

  /// Starts a child of this process inside, as root of the namespace. It ends with this process.
  Result<sys::Child> spawn(const std::function<int()>& body) const;

 private:
  explicit HeldUserNamespace(sys::Child holder) : holder_(std::move(holder)) {}
  sys::Child holder_;
};

/// Sends an Error through a pipe and back: for children that cannot return one.
std::string encode_error(const Error& error);
Error decode_error(std::string_view text);

}  // namespace devenv::sandbox

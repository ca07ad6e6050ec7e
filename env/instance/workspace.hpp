// SPDX-License-Identifier: MIT
// Everything devenv knows about the caller before it looks at any environment.
#pragma once

#include <string>

#include "env/base/app_paths.hpp"
#include "env/base/result.hpp"
#include "env/image/store.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sys/users.hpp"

namespace devenv::instance {

struct Workspace {
  AppPaths paths;
  sys::User user;
  std::string libexec;  ///< directory of devenv-image and devenv-guest

  /// Reads the caller's variables and passwd entry; touches nothing on disk.
  /// The programs are looked for beside this executable (a build tree), in ../libexec/devenv
  /// (an installation), and in $DEVENV_LIBEXEC.
  static Result<Workspace> open();

  std::string image_program() const { return libexec + "/devenv-image"; }
  std::string guest_program() const { return libexec + "/devenv-guest"; }

  /// The map of the caller; looked up each time it is asked for (a few milliseconds with LDAP).
  Result<sandbox::IdMap> id_map() const;
  /// The store, made when it does not exist.
  Result<image::Store> store() const;
};

}  // namespace devenv::instance

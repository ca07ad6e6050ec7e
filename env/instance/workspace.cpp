// SPDX-License-Identifier: MIT
#include "env/instance/workspace.hpp"

#include "env/base/format.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::instance {
namespace {

/// Where devenv-image and devenv-guest are. Found from this executable, so that a build tree, an
/// installation and a moved installation all work.
std::string find_libexec() {
  if (const std::string forced = sys::get_variable("DEVENV_LIBEXEC"); !forced.empty()) {
    return forced;
  }
  const std::string executable = sys::read_link("/proc/self/exe").value_or("/usr/bin/devenv");
  const std::string directory = executable.substr(0, executable.find_last_of('/'));
  if (sys::exists(directory + "/devenv-guest")) {
    return directory;
  }
  return directory.substr(0, directory.find_last_of('/')) + "/libexec/devenv";
}

}  // namespace

Result<Workspace> Workspace::open() {
  TRY_ASSIGN(sys::User user, sys::current_user());
  TRY_ASSIGN(AppPaths paths, AppPaths::from_environment(&sys::get_variable, user.home));
  return Workspace{.paths = std::move(paths), .user = std::move(user), .libexec = find_libexec()};
}

Result<sandbox::IdMap> Workspace::id_map() const {
  return sandbox::id_map_for_caller(user);
}

Result<image::Store> Workspace::store() const {
  TRY_ASSIGN(const sandbox::IdMap map, id_map());
  return image::Store::open(paths.store(), map.to_string());
}

}  // namespace devenv::instance

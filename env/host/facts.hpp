// SPDX-License-Identifier: MIT
// What the host offers: looked at once per start, before any namespace, and never changed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/users.hpp"

namespace devenv::host {

/// A file below /etc that environments see through a link into /run/host.
struct SharedFile {
  std::string path;         ///< "/etc/resolv.conf"
  std::string link_target;  ///< what a link at `path` inside points to: "/run/host/etc/resolv.conf"
};

struct Facts {
  std::string home;                   ///< as the user names it
  std::string canonical_home;         ///< with links resolved; equal to `home` on most systems
  std::string runtime_directory;      ///< as runtime_directory()
  bool run_user = false;              ///< /run/user exists
  bool selinux = false;               ///< /sys/fs/selinux has a policy
  std::vector<SharedFile> etc_files;  ///< of the table of shares, those there are
  std::set<std::string> present;      ///< find_present()
  std::vector<std::string> editor_directories;  ///< find_editor_directories() of the home
  /// Shares that the host could give but the image cannot use: name, and why.
  std::map<std::string, std::string, std::less<>> obstacles;
};

/// XDG_RUNTIME_DIR; "" when it is unset, no directory, or another user's (after su or sudo).
/// Source: XDG Base Directory Specification, "Environment variables".
std::string runtime_directory(const sys::User& user);

/// Looks. Never fails: what cannot be found out counts as absent.
Facts probe(const sys::User& user);

}  // namespace devenv::host

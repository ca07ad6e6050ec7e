// SPDX-License-Identifier: MIT
// Paths of the host in the values of variables: which are the same inside, and how the others are
// reached.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devenv::session {

/// Whether `path` is `directory` or lies below it, by its text: "/home/ann2" is not below
/// "/home/ann", and nothing is below "" and "/".
bool is_below(std::string_view path, std::string_view directory);

/// Directories that show the same inside as outside.
class SamePaths {
 public:
  void add(std::string directory) { directories_.push_back(std::move(directory)); }
  bool contains(std::string_view path) const;

 private:
  std::vector<std::string> directories_;
};

/// The value with "/run/host" put before each absolute path that is not the same inside:
/// "unix:path=/var/run/x,guid=1" becomes "unix:path=/run/host/var/run/x,guid=1". A path begins the
/// value or follows ':' or '='; names in the abstract namespace (unix(7)) are left as they are.
std::string reach_host(std::string_view value, const SamePaths& same);

/// Whether the variable names sockets or files of the session: reach_host is for its value.
bool names_host_path(std::string_view variable);

}  // namespace devenv::session

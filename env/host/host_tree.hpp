// SPDX-License-Identifier: MIT
// A directory looked at as if it were the host's root: "/", or one that a test made up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::host {

class HostTree {
 public:
  static Result<HostTree> open(const std::string& root);

  /// The path with every link resolved, as the host knows it; nullopt when there is nothing.
  std::optional<std::string> resolve(const std::string& path) const;
  /// nullopt when it is no regular file (also: a FIFO, which must not be waited for).
  std::optional<sys::UniqueFd> open_regular(const std::string& path) const;
  /// Errors: not_found; integrity for more than `limit` bytes.
  Result<std::string> read(const std::string& path, std::size_t limit) const;
  /// Sorted; empty when there is no such directory.
  std::vector<std::string> list(const std::string& directory) const;
  /// Changes when the file, or what a directory lists, changes; "-" when there is nothing.
  std::string stamp(const std::string& path) const;

 private:
  HostTree(sys::UniqueFd root, std::string prefix)
      : root_(std::move(root)), prefix_(std::move(prefix)) {}

  sys::UniqueFd root_;
  std::string prefix_;  ///< canonical, "" for "/"
};

}  // namespace devenv::host

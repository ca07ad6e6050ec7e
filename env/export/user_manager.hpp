// SPDX-License-Identifier: MIT
// The user's service manager on the host, told of units that change or go.
// Source: systemctl(1), systemd.unit(5); user@.service(5) for where it listens.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::exporting {

/// Does nothing where there is no such manager: no systemctl, or nobody who listens.
class UserManager {
 public:
  /// `runtime_directory` is XDG_RUNTIME_DIR.
  explicit UserManager(const std::string& runtime_directory);
  /// That of the caller's session.
  static UserManager of_caller();

  /// Units are as their files say from now on.
  void reload() const;

  /// Ends what runs of the units, instances of templates too, and does not hold a failure against
  /// them. Waits, but not longer than `limit`.
  void stop(const std::vector<std::string>& units, std::chrono::milliseconds limit) const;

 private:
  void run(std::vector<std::string> arguments, std::chrono::milliseconds limit) const;

  std::string runtime_directory_;
  bool is_there_ = false;
};

/// Takes back what `systemctl --user enable` has made below `units`, where the unit files are:
/// links with the unit's name, or that of an instance, in directories like default.target.wants.
/// Those directories go when they are empty. Works without a manager.
Result<void> remove_links(const std::string& units, const std::string& unit);

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
// The two key pairs of SSH sessions: that of the user, and one that every environment has as its
// server's. Made once, for this user and this machine's environments only.
#pragma once

#include <string>

#include "env/base/result.hpp"

namespace devenv::session {

/// The files below $XDG_DATA_HOME/devenv/ssh, a directory only the user can look into.
struct SshFiles {
  std::string directory;

  std::string client_key() const { return directory + "/client_key"; }
  std::string host_key() const { return directory + "/host_key"; }
  std::string known_hosts() const { return directory + "/known_hosts"; }
  /// What `devenv ssh-config --install` lets ssh read.
  std::string config() const { return directory + "/config"; }
  std::string lock() const { return directory + "/lock"; }
};

/// Contents of key files, as ssh-keygen(1) writes them.
struct SshKeys {
  std::string host_private;
  std::string client_public;  ///< one line without its end
};

/// Where they are, for AppPaths::data.
SshFiles ssh_files(const std::string& data_directory);

/// The keys, made with the host's ssh-keygen when there are none; whoever comes second waits.
/// Errors: unsupported when the host has no ssh-keygen.
Result<SshKeys> ensure_ssh_keys(const SshFiles& files);

}  // namespace devenv::session

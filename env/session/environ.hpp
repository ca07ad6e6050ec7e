// SPDX-License-Identifier: MIT
// The variables of a process inside: which of the host's cross, which are the image's, which ours.
#pragma once

#include <string>
#include <vector>

#include "env/host/shares.hpp"
#include "env/instance/environment.hpp"
#include "env/session/host_paths.hpp"

namespace devenv::session {

struct EnvironmentInput {
  std::vector<std::string> host;   ///< the caller's environ, "NAME=value", any bytes
  std::vector<std::string> image;  ///< config.Env of the image
  std::string environment_name;
  std::string user;
  std::string home;               ///< absolute, the same on both sides
  std::string shell;              ///< login shell inside
  std::string runtime_directory;  ///< XDG_RUNTIME_DIR as it is inside; empty: there is none
  host::ShareChoice shares;
  SamePaths same_paths;
  /// "NAME=value": how programs find NVIDIA's driver; XDG_DATA_DIRS is one to be added
  /// (nvidia.hpp).
  std::vector<std::string> driver;
  std::string ca_bundle;  ///< the host's certificates as they are reached inside; empty: not shared
  bool ticket_server = false;  ///< Kerberos tickets are kept by the host's sssd (KCM)
  /// Of the host's variables only the terminal's kind crosses.
  bool clean = false;
};

/// The environment for a command inside. The order is stable: the host's variables in their order,
/// then the image's, then ours. Values keep their bytes; entries without a name or '=' are dropped.
///
/// - Everything of the host crosses but what names its libraries, its processes or itself (LD_*,
///   XDG_*_DIRS, HOSTNAME, PWD...), and what points to a file of the host outside the home
///   (SSL_CERT_FILE, JAVA_HOME...), or to a directory for temporary files that is not shared.
/// - The image's variables win, except those of the session: language, terminal, proxies...
/// - What belongs to a share that is off stays outside; paths to sockets of the session lead below
///   /run/host where they are not the same inside.
/// - HOME, USER, LOGNAME, SHELL, container=devenv and DEVENV_NAME are set; XDG_RUNTIME_DIR where
///   there is one inside; CONTAINER_ID never: terminals would take it for another program's.
/// - PATH is the image's (else the usual one), /run/devenv/bin, then the host's entries below the
///   home. TERMINFO_DIRS ends with the host's descriptions below /run/host.
std::vector<std::string> build_environment(const EnvironmentInput& input);

/// The environment's own variables and directories, over what image and host bring. DEVENV_PATH
/// tells login shells, which set PATH anew, what was in front of it; DEVENV_PROJECT is `project`.
void add_surroundings(const instance::Surroundings& surroundings,
                      const std::string& project,
                      std::vector<std::string>& variables);

/// The last word ("NAME=value" each), but for PWD, which is where the command starts.
void override_variables(std::vector<std::string>& variables,
                        const std::vector<std::string>& replacements);

}  // namespace devenv::session

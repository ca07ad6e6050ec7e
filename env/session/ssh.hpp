// SPDX-License-Identifier: MIT
// SSH sessions without a daemon: the image's own sshd, started for one connection on this process's
// standard input and output, as the user. Sources: sshd(8), "-i"; sshd_config(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/session/session.hpp"
#include "env/session/ssh_keys.hpp"

namespace devenv::session {

struct SshRequest {
  SshKeys keys;
  unsigned umask = 022;  ///< that of the caller
};

/// Becomes sshd inside the environment, which is started if need be. Returns only on failure.
/// Errors: not_found when the image has no sshd.
Error serve_ssh(const instance::Workspace& workspace,
                const instance::Environment& environment,
                const SshRequest& request,
                Reporter& reporter);

/// sshd_config for a server of this user.
std::string sshd_config(HostUid user);

/// The user's key, which brings the variables of a command inside ("NAME=value"); and once more
/// without, for a server that cannot read such a long line.
///
/// Not SetEnv of sshd_config(5): OpenSSH before 7.8 has none, and before 8.7 no way to quote every
/// value. Left out are what sshd knows better (TERM, SSH_CONNECTION...), and what no version can
/// read: names other than letters, digits and '_', values with a line break or with '\' at the end.
std::string authorized_keys(const std::string& public_key,
                            const std::vector<std::string>& variables);

}  // namespace devenv::session

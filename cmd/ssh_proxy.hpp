// SPDX-License-Identifier: MIT
// devenv ssh-proxy
#pragma once

#include <string>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct SshProxyOptions {
  std::string host;  ///< NAME or NAME.devenv
};
void add_ssh_proxy(CLI::App& app, SshProxyOptions& options);
/// Becomes the server of one SSH connection. Nothing of ours gets onto standard output.
Result<ExitCode> run_ssh_proxy(const SshProxyOptions& options, Context& context);

}  // namespace devenv::cmd

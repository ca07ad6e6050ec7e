// SPDX-License-Identifier: MIT
#include "cmd/ssh_proxy.hpp"

#include "env/instance/catalog.hpp"
#include "env/session/ssh.hpp"
#include "env/session/ssh_client.hpp"
#include "env/sys/terminal.hpp"

namespace devenv::cmd {

void add_ssh_proxy(CLI::App& app, SshProxyOptions& options) {
  app.add_option("HOST", options.host, "the environment, as NAME or NAME.devenv")
      ->type_name(kind::kEnvironment)
      ->required();
  app.footer(
      "A ProxyCommand of ssh: standard input and output are the connection. The environment has\n"
      "to have an sshd. What tells ssh of it: devenv ssh-config --install");
}

Result<ExitCode> run_ssh_proxy(const SshProxyOptions& options, Context& context) {
  const std::string name = session::environment_of_host(options.host);
  if (sys::is_terminal(0)) {
    return fail(Error(ErrorCode::usage, "standard input is a terminal, and not a connection of ssh")
                    .with_hint(format("devenv ssh-config --install, then: ssh {}{}",
                                      text::sanitize(name), session::kSshSuffix)));
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto environment, instance::get_environment(*workspace, name));
  TRY_ASSIGN(session::SshKeys keys,
             session::ensure_ssh_keys(session::ssh_files(workspace->paths.data)));
  return fail(session::serve_ssh(
      *workspace, environment,
      session::SshRequest{.keys = std::move(keys), .umask = context.umask()}, context.ui()));
}

}  // namespace devenv::cmd

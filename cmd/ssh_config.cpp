// SPDX-License-Identifier: MIT
#include "cmd/ssh_config.hpp"

#include "env/session/ssh_client.hpp"
#include "env/sys/file.hpp"
#include "env/sys/users.hpp"

namespace devenv::cmd {
namespace {

/// Where ssh looks: in the home of the passwd entry, whatever HOME says.
Result<std::string> file_of(const SshConfigOptions& options, const sys::User& user) {
  if (!options.file) {
    const std::string home = sys::passwd_home();
    return (home.empty() ? user.home : home) + "/.ssh/config";
  }
  if (options.file->starts_with('/')) {
    return *options.file;
  }
  TRY_ASSIGN(const std::string here, sys::current_directory());
  return format("{}/{}", here, *options.file);
}

Result<ExitCode> remove(const session::SshFiles& files, const std::string& file, Context& context) {
  TRY_ASSIGN(const bool was_there, session::remove_ssh_config(files, file));
  context.ui().note(was_there ? format("ssh is no longer told of environments")
                              : format("there was nothing in '{}'", text::sanitize(file)));
  return ExitCode::done;
}

}  // namespace

void add_ssh_config(CLI::App& app, SshConfigOptions& options) {
  app.add_flag("--install", options.install, "make ssh know of environments, for good");
  app.add_flag("--remove", options.remove, "take back what --install did");
  app.add_option("--file", options.file,
                 "the file of ssh's configuration to change; default ~/.ssh/config")
      ->type_name("FILE");
  app.footer(
      "Without a flag, prints what belongs into ~/.ssh/config.\n"
      "\n"
      "Examples:\n"
      "  devenv ssh-config --install\n"
      "  ssh fedora.devenv\n"
      "  rsync -a fedora.devenv:/etc/ etc-of-fedora");
}

Result<ExitCode> run_ssh_config(const SshConfigOptions& options, Context& context) {
  if (options.install && options.remove) {
    return fail(ErrorCode::usage, "--install and --remove exclude each other");
  }
  if (options.file && !options.install && !options.remove) {
    return fail(ErrorCode::usage, "--file goes with --install or --remove");
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  const session::SshFiles files = session::ssh_files(workspace->paths.data);
  TRY_ASSIGN(const std::string file, file_of(options, workspace->user));
  if (options.remove) {
    return remove(files, file, context);
  }
  TRY_ASSIGN(const std::string program, sys::read_link("/proc/self/exe"));
  TRY_ASSIGN(const std::string config,
             session::ssh_client_config(files, program, workspace->user.name));
  TRY(session::ensure_ssh_keys(files));
  if (!options.install) {
    context.ui().data(config);
    return ExitCode::done;
  }
  TRY_ASSIGN(const bool changed, session::install_ssh_config(files, config, file));
  context.ui().note(changed ? format("'{}' tells ssh of environments: ssh NAME{}",
                                     text::sanitize(file), session::kSshSuffix)
                            : format("'{}' did so already", text::sanitize(file)));
  return ExitCode::done;
}

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "cmd/edit.hpp"

#include "env/instance/catalog.hpp"
#include "env/instance/create.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {

void add_edit(CLI::App& app, EditOptions& options) {
  app.add_option("NAME", options.name, "the environment")
      ->type_name(kind::kEnvironment)
      ->required();
  add_share_flags(app, options.shares);
  add_host_commands_flag(app, options.host_commands);
  app.footer(
      "Shares change with the next start, the policy for host commands at once.\n"
      "\n"
      "Examples:\n"
      "  devenv edit fedora --no-share home --no-share network\n"
      "  devenv edit fedora --host-commands deny");
}

Result<ExitCode> run_edit(const EditOptions& options, Context& context) {
  if (!options.shares.given() && !options.host_commands) {
    return fail(
        Error(ErrorCode::usage, "nothing to change was given")
            .with_hint("devenv edit NAME --share ... --no-share ... --host-commands ..., see: "
                       "devenv help shares"));
  }
  TRY_ASSIGN(const host::ShareChoice wanted, choice_of(options.shares));
  std::optional<instance::HostCommands> host_commands;
  if (options.host_commands) {
    TRY_ASSIGN(host_commands, instance::parse_host_commands(*options.host_commands));
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto environment, instance::get_environment(*workspace, options.name));
  TRY_ASSIGN(const bool changed, instance::change_spec(environment, [&](instance::Spec& spec) {
               const auto shares = spec.shares.overridden_by(wanted);
               if (!host::same_wishes(shares, spec.shares)) {
                 spec.shares = shares;
               }
               spec.host_commands = host_commands.value_or(spec.host_commands);
             }));
  TRY(session::renew_host_commands(*workspace, environment));
  TRY_ASSIGN(const auto running, session::find_running(environment));
  context.ui().note(changed ? format("changed '{}'", options.name)
                            : format("'{}' is like that already", options.name));
  if (changed && running && options.shares.given()) {
    context.ui().note(
        format("it is running: what it shares changes after devenv stop {}", options.name));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd

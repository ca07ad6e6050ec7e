// SPDX-License-Identifier: MIT
#include "cmd/enter.hpp"

#include "cmd/desktop_run.hpp"
#include "cmd/names.hpp"
#include "cmd/notify.hpp"
#include "cmd/project_run.hpp"
#include "cmd/target.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/create.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
namespace {

/// The last one counts: exported applications have one, and their users may add another.
void add_workdir_flag(CLI::App& app, std::optional<std::string>& directory) {
  app.add_option("-w,--workdir", directory,
                 "start in this directory of the environment instead of the current one")
      ->type_name(kind::kDirectory)
      ->take_last();
}

void add_desktop_flag(CLI::App& app, bool& desktop) {
  app.add_flag("--desktop", desktop,
               "started from a menu: errors are shown as a notification, too, and arguments "
               "between two '@@host' are files of the host");
}

bool has_shell_hooks(const instance::Environment& environment) {
  return !environment.spec.hooks.enter.empty() || !environment.spec.hooks.leave.empty();
}

/// A hook that fails is told, and keeps nobody out.
Result<void> run_shell_hook(const instance::Environment& environment,
                            std::string_view moment,
                            const instance::CommandWords& hook,
                            Context& context) {
  if (hook.empty()) {
    return {};
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const sys::ExitStatus status,
             session::run_command(*workspace, environment, {.command = hook}, context.ui()));
  if (!status.success()) {
    context.ui().warn(
        format("the {} hook of '{}' {}", moment, environment.name.string(), status.to_string()),
        "");
  }
  return {};
}

/// A shell between two commands.
Result<ExitCode> enter_with_hooks(const instance::Environment& environment,
                                  std::vector<std::string> variables,
                                  const std::optional<std::string>& directory,
                                  Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY(run_shell_hook(environment, "enter", environment.spec.hooks.enter, context));
  TRY_ASSIGN(const sys::ExitStatus status, session::run_command(*workspace, environment,
                                                                {.umask = context.umask(),
                                                                 .variables = std::move(variables),
                                                                 .directory = directory},
                                                                context.ui()));
  TRY(run_shell_hook(environment, "leave", environment.spec.hooks.leave, context));
  status.end_like_this();
}

/// Becomes the command; what comes back is told here, because its exit code is not that of any
/// other error.
Result<ExitCode> enter_environment(const instance::Environment& environment,
                                   const std::vector<std::string>& command,
                                   const VariableFlags& flags,
                                   const std::optional<std::string>& directory,
                                   bool desktop,
                                   Context& context) {
  if (directory && !directory->starts_with('/')) {
    return fail(Error(ErrorCode::usage,
                      format("--workdir '{}' is no absolute path", text::sanitize(*directory)))
                    .with_hint("the command starts in the current directory without it"));
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(auto variables, variables_of(flags));
  TRY(start_with_hook(environment, context));
  const std::string& own = environment.spec.surroundings.workdir;
  const auto start = directory || !command.empty() || own.empty() ? directory : own;
  if (command.empty() && has_shell_hooks(environment)) {
    return enter_with_hooks(environment, std::move(variables), start, context);
  }
  // A login shell has its terminal to say what goes wrong; a program has nobody.
  const bool is_watched = desktop && !command.empty();
  const auto become = [&] {
    return session::enter(*workspace, environment,
                          session::EnterRequest{.command = command,
                                                .umask = context.umask(),
                                                .variables = std::move(variables),
                                                .clean_environment = flags.clean,
                                                .follows_parent = is_watched,
                                                .host_files = desktop,
                                                .directory = start},
                          context.ui());
  };
  const Error error =
      is_watched ? run_for_desktop(environment.name.string(), command, become) : become();
  context.ui().error(error);
  if (desktop) {
    notify(error);
  }
  return exit_code_of_command(error);
}

/// The one environment there is.
Result<std::string> only_environment(Context& context) {
  TRY_ASSIGN(const std::vector<std::string> names, environment_names(context));
  if (names.size() == 1) {
    return names.front();
  }
  if (names.empty()) {
    return fail(Error(ErrorCode::not_found, "there is no environment yet")
                    .with_hint("make one: devenv enter fedora"));
  }
  return fail(Error(ErrorCode::usage, format("which one: {}?", join(names, ", ")))
                  .with_hint(format("devenv enter {}", names.front())));
}

/// A name that was nothing but a name may be a typing error: nobody wants an image of strangers for
/// that. Where nobody can be asked, a script says what it means.
Result<bool> may_create(const Target& target, const EnterOptions& options, Context& context) {
  const bool is_guess = target.origin->profile.empty() && is_bare(*options.target);
  if (!is_guess || options.yes || !context.ui().can_ask()) {
    return true;
  }
  return context.ui().confirm(
      format("there is no environment or profile '{}': create it from the image {}?",
             text::sanitize(*options.target), described(*target.origin)),
      "--yes");
}

Result<instance::Environment> create_target(const Target& target,
                                            const EnterOptions& options,
                                            Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto storage, context.storage(options.storage));
  TRY_ASSIGN(host::ShareChoice shares, context.shares(target.origin->shares, options.shares));
  context.ui().step(
      format("creating environment '{}' from {}", target.name.string(), described(*target.origin)));
  auto created = instance::create_environment(
      *workspace,
      instance::CreateRequest{.name = target.name,
                              .source = target.origin->source,
                              .image_as_given = target.origin->image,
                              .profile = target.origin->profile,
                              .storage = storage,
                              .shares = std::move(shares),
                              .exports = target.origin->exports,
                              .surroundings = {.shell = target.origin->shell}},
      context.ui());
  if (!created && created.error().code() == ErrorCode::conflict) {
    // Somebody else typed the same at the same time: then it is there now.
    TRY_ASSIGN(auto found, instance::find_environment(*workspace, target.name));
    if (found) {
      return *std::move(found);
    }
  }
  return created;
}

Result<void> check_shares(const instance::Environment& environment, const EnterOptions& options) {
  TRY_ASSIGN(const host::ShareChoice wanted, choice_of(options.shares));
  if (host::same_wishes(environment.spec.shares, environment.spec.shares.overridden_by(wanted))) {
    return {};
  }
  std::vector<std::string> flags;
  for (const std::string& name : wanted.on) {
    flags.push_back("--share " + name);
  }
  for (const std::string& name : wanted.off) {
    flags.push_back("--no-share " + name);
  }
  const std::string& name = environment.name.string();
  return fail(
      Error(ErrorCode::conflict, format("environment '{}' exists and shares something else", name))
          .with_hint(format("devenv edit {} {}", name, join(flags, " "))));
}

Result<void> check_storage(const instance::Environment& environment, const EnterOptions& options) {
  if (!options.storage) {
    return {};
  }
  TRY_ASSIGN(const auto wanted, sandbox::parse_storage_preference(*options.storage));
  if (!wanted || *wanted == environment.state.storage) {
    return {};
  }
  return fail(
      Error(ErrorCode::conflict,
            format("environment '{}' exists with storage '{}'", environment.name.string(),
                   sandbox::to_string(environment.state.storage)))
          .with_hint("leave out --storage: it is chosen once, when an environment is made"));
}

Result<ExitCode> print_plan(const Target& target, Context& context) {
  if (!target.environment) {
    context.ui().data(format("create environment '{}' from {}\n", target.name.string(),
                             text::sanitize(described(*target.origin))));
    return ExitCode::done;
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto plan, session::describe_start(*workspace, *target.environment));
  const std::string steps = sandbox::to_string(plan);
  for (const std::string_view line : text::lines(steps)) {
    context.ui().data(text::sanitize(line) + "\n");
  }
  for (const host::ShareStatus& status :
       session::describe_shares(*workspace, *target.environment)) {
    context.ui().data(
        format("share {} {}{}\n", status.share->name, status.on ? "on" : "off: ", status.reason));
  }
  return ExitCode::done;
}

}  // namespace

void add_enter(CLI::App& app, EnterOptions& options) {
  app.add_option("TARGET", options.target,
                 "an environment, else a profile (fedora:43 is its release 43), else an image")
      ->type_name(kind::kTarget);
  add_storage_flag(app, options.storage);
  add_share_flags(app, options.shares);
  add_variable_flags(app, options.variables);
  add_workdir_flag(app, options.workdir);
  add_desktop_flag(app, options.desktop);
  app.add_flag("--dry-run", options.dry_run, "print what would be mounted, and do nothing");
  add_yes_flag(app, options.yes);
  add_up_flags(app, options.up);
  app.footer(
      "Without a command, your shell is started. Without TARGET, the environment of the project "
      "is\n"
      "entered (devenv.toml here or above), or else the only one there is.\n"
      "\n"
      "Examples:\n"
      "  devenv enter fedora\n"
      "  devenv enter debian:bookworm -- cat /etc/os-release");
}

namespace {

/// The project's environment, as its files say.
Result<ExitCode> enter_project(const std::string& directory,
                               const EnterOptions& options,
                               Context& context) {
  if (options.shares.given() || options.storage) {
    return fail(Error(ErrorCode::usage, "what a project shares is said in its devenv.toml")
                    .with_hint("for you alone: devenv.local.toml beside it"));
  }
  TRY_ASSIGN(const auto environment,
             project_environment(directory, options.up, Outdated::is_told, context));
  if (options.dry_run) {
    return print_plan({.name = environment.name, .environment = environment, .origin = {}},
                      context);
  }
  return enter_environment(environment, options.command, options.variables, options.workdir,
                           options.desktop, context);
}

Result<ExitCode> enter_target(const EnterOptions& options, Context& context) {
  if (!options.target) {
    TRY_ASSIGN(const auto directory, find_project_here());
    if (directory) {
      return enter_project(*directory, options, context);
    }
  }
  std::string word;
  if (options.target) {
    word = *options.target;
  } else {
    TRY_ASSIGN(word, only_environment(context));
  }
  TRY_ASSIGN(Target target, find_target(word, context));
  if (target.environment) {
    TRY(check_storage(*target.environment, options));
    TRY(check_shares(*target.environment, options));
  }
  if (options.dry_run) {
    return print_plan(target, context);
  }
  if (!target.environment && options.desktop) {
    return fail(
        Error(ErrorCode::not_found, format("there is no environment '{}'", text::sanitize(word)))
            .with_hint("its entry in menus was left behind: devenv doctor"));
  }
  if (!target.environment) {
    TRY_ASSIGN(const bool may, may_create(target, options, context));
    if (!may) {
      context.ui().note("nothing was created");
      return ExitCode::devenv_failed;
    }
    TRY_ASSIGN(target.environment, create_target(target, options, context));
  }
  return enter_environment(*target.environment, options.command, options.variables, options.workdir,
                           options.desktop, context);
}

}  // namespace

Result<ExitCode> run_enter(const EnterOptions& options, Context& context) {
  auto entered = enter_target(options, context);
  if (!entered && options.desktop) {
    notify(entered.error());
  }
  return entered;
}

void add_run(CLI::App& app, RunOptions& options) {
  app.add_option("NAME", options.name, "the environment; without it, before '--', the project's")
      ->type_name(kind::kEnvironment);
  add_variable_flags(app, options.variables);
  add_workdir_flag(app, options.workdir);
  add_desktop_flag(app, options.desktop);
  add_up_flags(app, options.up);
  app.footer(
      "Everything after NAME belongs to the command, flags included.\n"
      "\n"
      "Examples:\n"
      "  devenv run fedora sudo dnf install -y gcc\n"
      "  devenv run -- make              in the environment of the project\n"
      "  devenv run web sh -c 'echo $0'");
}

namespace {

Result<ExitCode> run_in_environment(const RunOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  if (!options.name) {
    TRY_ASSIGN(const auto project, find_project_here());
    if (!project) {
      return fail(Error(ErrorCode::usage, "there is no devenv.toml here or above, and no NAME")
                      .with_hint("name the environment: devenv run NAME -- COMMAND"));
    }
    const std::string& directory = *project;
    TRY_ASSIGN(const auto environment,
               project_environment(directory, options.up, Outdated::is_told, context));
    return enter_environment(environment, options.command, options.variables, options.workdir,
                             options.desktop, context);
  }
  TRY_ASSIGN(const auto environment, instance::get_environment(*workspace, *options.name));
  return enter_environment(environment, options.command, options.variables, options.workdir,
                           options.desktop, context);
}

}  // namespace

Result<ExitCode> run_run(const RunOptions& options, Context& context) {
  if (options.command.empty()) {
    return fail(
        Error(ErrorCode::usage, "'devenv run' needs a command")
            .with_hint(format("for a shell: devenv enter {}",
                              text::shell_quote(text::sanitize(options.name.value_or(""))))));
  }
  auto ran = run_in_environment(options, context);
  if (!ran && options.desktop) {
    notify(ran.error());
  }
  return ran;
}

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "cmd/edit.hpp"

#include <algorithm>

#include "cmd/package_verb.hpp"
#include "cmd/rename.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/create.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "profiles/project_merge.hpp"
#include "profiles/schema.hpp"

namespace devenv::cmd {
namespace {

constexpr std::string_view kNone = "none";

bool changes_spec(const EditOptions& options) {
  return options.shares.given() || options.host_commands || !options.mounts.empty() ||
         !options.no_mounts.empty() || !options.variables.empty() ||
         !options.no_variables.empty() || options.shell || options.memory || options.cpus ||
         options.processes;
}

/// "4G", "none". Errors: usage.
Result<std::optional<std::uint64_t>> read_limit(std::string_view what,
                                                const std::string& text,
                                                bool is_size) {
  if (text == kNone) {
    return std::nullopt;
  }
  const auto number = is_size ? profiles::parse_memory(text) : text::parse_number(text);
  if (!number || *number == 0) {
    return fail(
        Error(ErrorCode::usage, format("bad value for {}: '{}'", what, text::sanitize(text)))
            .with_hint(is_size ? "a number of bytes, with K, M, G or T, from 1M on: 4G; or: none"
                               : "a number from 1 on; or: none"));
  }
  return std::optional<std::uint64_t>(*number);
}

/// The options, read: what is wrong is told before anything changes.
class Change {
 public:
  Result<void> read(const EditOptions& options, Context& context) {
    TRY_ASSIGN(const auto* const workspace, context.workspace());
    TRY_ASSIGN(shares_, choice_of(options.shares));
    if (options.host_commands) {
      TRY_ASSIGN(host_commands_, instance::parse_host_commands(*options.host_commands));
    }
    TRY_ASSIGN(const std::string here, sys::current_directory());
    for (const std::string& text : options.mounts) {
      TRY_ASSIGN(instance::ExtraMount mount,
                 instance::parse_mount(text, here, workspace->user.home));
      if (!sys::exists(mount.source)) {
        return fail(ErrorCode::not_found,
                    format("there is no '{}' to mount", text::sanitize(mount.source)));
      }
      mounts_.push_back(std::move(mount));
    }
    for (const std::string& variable : options.variables) {
      const std::size_t equals = variable.find('=');
      if (equals == std::string::npos || equals == 0) {
        return fail(ErrorCode::usage, format("'{}' is not NAME=VALUE", text::sanitize(variable)));
      }
    }
    if (options.shell && !options.shell->empty()) {
      if (auto complaint = profiles::check_shell(*options.shell)) {
        return fail(Error(ErrorCode::usage, complaint->message).with_hint(complaint->hint));
      }
    }
    TRY(read_limits(options));
    options_ = &options;
    return {};
  }

  void apply(instance::Spec& spec) const {
    const auto shares = spec.shares.overridden_by(shares_);
    if (!host::same_wishes(shares, spec.shares)) {
      spec.shares = shares;
    }
    spec.host_commands = host_commands_.value_or(spec.host_commands);
    for (const std::string& target : options_->no_mounts) {
      std::erase_if(spec.mounts, [&](const auto& mount) { return mount.target == target; });
    }
    for (const instance::ExtraMount& mount : mounts_) {
      std::erase_if(spec.mounts, [&](const auto& each) { return each.target == mount.target; });
      spec.mounts.push_back(mount);
    }
    std::vector<std::string>& variables = spec.surroundings.variables;
    for (const std::string& name : options_->no_variables) {
      std::erase_if(variables, [&](const auto& each) { return each.starts_with(name + "="); });
    }
    for (const std::string& variable : options_->variables) {
      const std::string prefix = variable.substr(0, variable.find('=') + 1);
      std::erase_if(variables, [&](const auto& each) { return each.starts_with(prefix); });
      variables.push_back(variable);
    }
    spec.surroundings.shell = options_->shell.value_or(spec.surroundings.shell);
    const auto limit = [](const auto& change, std::optional<std::uint64_t>& value) {
      if (change) {
        value = *change;
      }
    };
    limit(memory_, spec.limits.memory);
    limit(cpus_, spec.limits.cpus);
    limit(processes_, spec.limits.processes);
  }

 private:
  using LimitChange = std::optional<std::optional<std::uint64_t>>;

  Result<void> read_limits(const EditOptions& options) {
    if (options.memory) {
      TRY_ASSIGN(memory_, read_limit("--memory", *options.memory, true));
    }
    if (options.cpus) {
      TRY_ASSIGN(cpus_, read_limit("--cpus", *options.cpus, false));
    }
    if (options.processes) {
      TRY_ASSIGN(processes_, read_limit("--processes", *options.processes, false));
    }
    return {};
  }

  const EditOptions* options_ = nullptr;
  host::ShareChoice shares_;
  std::optional<instance::HostCommands> host_commands_;
  std::vector<instance::ExtraMount> mounts_;
  LimitChange memory_;
  LimitChange cpus_;
  LimitChange processes_;
};

Result<void> edit_spec(const instance::Environment& environment,
                       const EditOptions& options,
                       Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  Change change;
  TRY(change.read(options, context));
  TRY_ASSIGN(const bool changed,
             instance::change_spec(environment, [&](instance::Spec& spec) { change.apply(spec); }));
  TRY(session::renew_host_commands(*workspace, environment));
  TRY_ASSIGN(const auto running, session::find_running(environment));
  Ui& ui = context.ui();
  const std::string& name = environment.name.string();
  ui.note(changed ? format("changed '{}'", name) : format("'{}' is like that already", name));
  const bool at_start = options.shares.given() || !options.mounts.empty() ||
                        !options.no_mounts.empty() || options.memory || options.cpus ||
                        options.processes;
  if (changed && running && at_start) {
    ui.note(format("it is running: shares, mounts and limits change after devenv stop {}", name));
  }
  if (changed && !environment.spec.project.empty()) {
    ui.warn(
        format("'{}' belongs to a project, whose devenv.toml has the last word", name),
        format("for you alone: {}/devenv.local.toml", text::sanitize(environment.spec.project)));
  }
  return {};
}

}  // namespace

void add_edit(CLI::App& app, EditOptions& options) {
  app.add_option("NAME", options.name, "the environment")
      ->type_name(kind::kEnvironment)
      ->required();
  add_share_flags(app, options.shares);
  add_host_commands_flag(app, options.host_commands);
  app.add_option("--mount", options.mounts,
                 "HOST:INSIDE or HOST:INSIDE:ro: a directory or file of the host inside");
  app.add_option("--no-mount", options.no_mounts, "take away what is mounted at this path inside");
  app.add_option("--set-env", options.variables, "a variable of everything that runs inside")
      ->type_name("NAME=VALUE");
  app.add_option("--unset-env", options.no_variables, "take such a variable away");
  app.add_option("--shell", options.shell, "the shell of enter; empty: your own");
  app.add_option("--memory", options.memory, "limit: bytes, with K, M, G or T; or none");
  app.add_option("--cpus", options.cpus, "limit: processors' worth of time; or none");
  app.add_option("--processes", options.processes, "limit: processes and threads; or none");
  app.add_option("--install", options.install, "install a package, by the distribution's manager");
  app.add_option("--remove", options.remove, "remove a package");
  app.add_option("--name", options.new_name, "another name, as devenv rename gives");
  app.footer(
      "Shares, mounts and limits change with the next start, everything else at once.\n"
      "\n"
      "Examples:\n"
      "  devenv edit fedora --no-share home --no-share network\n"
      "  devenv edit fedora --host-commands deny\n"
      "  devenv edit fedora --mount ~/data:/data:ro --memory 4G\n"
      "  devenv edit fedora --install gcc --install make");
}

Result<ExitCode> run_edit(const EditOptions& options, Context& context) {
  const bool packages = !options.install.empty() || !options.remove.empty();
  if (!changes_spec(options) && !packages && !options.new_name) {
    return fail(Error(ErrorCode::usage, "nothing to change was given")
                    .with_hint("see what there is: devenv edit --help, devenv help shares"));
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto environment, instance::get_environment(*workspace, options.name));
  if (changes_spec(options)) {
    TRY(edit_spec(environment, options, context));
  }
  if (!options.remove.empty()) {
    TRY_CONTEXT(
        run_package_verb(environment, &profiles::PackageManager::remove, options.remove, context),
        "cannot remove packages");
  }
  if (!options.install.empty()) {
    TRY_CONTEXT(run_package_verb(environment, &profiles::PackageManager::refresh, {}, context),
                "cannot learn which packages there are");
    TRY_CONTEXT(
        run_package_verb(environment, &profiles::PackageManager::install, options.install, context),
        "cannot install packages");
  }
  if (options.new_name) {
    RenameOptions rename;
    rename.name = options.name;
    rename.new_name = *options.new_name;
    return run_rename(rename, context);
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd

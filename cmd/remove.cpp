// SPDX-License-Identifier: MIT
#include "cmd/remove.hpp"

#include "cmd/export_source.hpp"
#include "cmd/names.hpp"
#include "cmd/project_record.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/create.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
namespace {

/// Whoever forces does not want to wait long.
constexpr std::chrono::seconds kForcedGrace{2};
constexpr std::chrono::seconds kForcedServices{5};

Result<void> check_stopped(const instance::EnvironmentDirectory& environment) {
  TRY_ASSIGN(const auto running, session::find_running(environment));
  if (!running) {
    return {};
  }
  const std::string& name = environment.name.string();
  return fail(Error(ErrorCode::conflict, format("environment '{}' is running", name))
                  .with_hint(format("devenv stop {0}, or: devenv rm --force {0}", name)));
}

Result<void> remove(const std::string& text, bool force, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto place, instance::get_directory(*workspace, text));
  TRY_ASSIGN(const auto places, host_places(context));
  if (force) {
    exporting::stop_services(place, places, kForcedServices);
    TRY(session::stop(place, kForcedGrace));
  } else {
    const auto environment = instance::reload(place);
    // One that is damaged can still be removed: that is the way to get rid of it.
    if (!environment && environment.error().code() != ErrorCode::integrity) {
      return fail(environment.error());
    }
    TRY(check_stopped(place));
  }
  // Before the ledger goes with it.
  if (const auto done =
          exporting::remove_exports(workspace->paths.data, place, places, context.ui());
      !done) {
    // A ledger that cannot be read will not get better: that environment has to go all the same.
    if (!force && done.error().code() != ErrorCode::integrity) {
      return fail(done.error()
                      .context(format("cannot take back what '{}' has exported", text))
                      .with_hint(format("devenv rm --force {} leaves it behind", text)));
    }
    context.ui().warn(done.error().to_line(), done.error().hint());
  }
  const auto environment = instance::reload(place);
  TRY(instance::remove_environment(*workspace, place.name));
  if (environment && !environment->spec.project.empty()) {
    TRY(remove_project_record(workspace->paths.data, environment->spec.project,
                              place.name.string()));
  }
  context.ui().note(format("removed '{}'", text));
  return {};
}

}  // namespace

void add_remove(CLI::App& app, RemoveOptions& options) {
  app.add_option("NAME", options.names, "the environments")->type_name(kind::kEnvironment);
  app.add_flag("-a,--all", options.all, "all of them");
  app.add_flag("-f,--force", options.force, "stop it first if it is running");
  add_yes_flag(app, options.yes);
  app.footer(
      "Everything in the environment is lost. Your home is the host's and stays, unless the\n"
      "environment has one of its own (--no-share home). Images stay; see devenv help image "
      "prune.");
}

Result<ExitCode> run_remove(const RemoveOptions& options, Context& context) {
  TRY_ASSIGN(const auto names, chosen_names(options.names, options.all, "NAME",
                                            [&] { return environment_names(context); }));
  if (options.all && !options.yes && !names.empty()) {
    TRY_ASSIGN(
        const bool sure,
        context.ui().confirm(format("remove {} ({})?",
                                    names.size() == 1 ? "the only environment"
                                                      : format("all {} environments", names.size()),
                                    join(names, ", ")),
                             "--yes"));
    if (!sure) {
      context.ui().note("nothing was removed");
      return ExitCode::failed;
    }
  }
  return for_each_name(context, names, [&](const std::string& name) {
    return remove(name, options.force, context);
  });
}

}  // namespace devenv::cmd

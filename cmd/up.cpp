// SPDX-License-Identifier: MIT
#include "cmd/up.hpp"

#include "cmd/export_source.hpp"
#include "cmd/list.hpp"
#include "cmd/project_run.hpp"
#include "cmd/ui/table.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/service.hpp"

namespace devenv::cmd {
namespace {

constexpr std::chrono::seconds kGrace{10};

void add_variant_flag(CLI::App& app, std::string& variant) {
  app.add_option("--profile", variant, "that of this variant of devenv.toml")->type_name("PROFILE");
}

Result<void> start_services(const profiles::Project& project,
                            const instance::Environment& environment,
                            Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto services, in_order(project.services, {}, "service"));
  for (const profiles::ProjectProgram& service : services) {
    TRY_ASSIGN_CONTEXT(
        const bool started,
        session::start_service(
            *workspace, environment, service.name,
            {.command = service.run, .directory = start_directory(project, service)}, context.ui()),
        format("service '{}'", text::sanitize(service.name)));
    if (started) {
      context.ui().note(format("started service '{}'", text::sanitize(service.name)));
    }
  }
  return {};
}

/// The environment that a project has now, whatever its files say; nullopt when it has none.
Result<std::optional<instance::Environment>> environment_there(const std::string& directory,
                                                               const std::string& variant,
                                                               Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto loaded, load_checked(directory, variant, context));
  TRY_ASSIGN(const auto name, project_environment_name(*loaded.project, variant, context));
  TRY_ASSIGN(auto environment, instance::find_environment(*workspace, name));
  if (environment && environment->spec.project != directory) {
    return std::nullopt;
  }
  return environment;
}

std::string_view to_string(profiles::Trust trust) {
  switch (trust) {
    case profiles::Trust::allowed:
      return "allowed";
    case profiles::Trust::denied:
      return "denied";
    case profiles::Trust::changed:
      return "changed since it was allowed";
    case profiles::Trust::unknown:
      return "not allowed yet";
  }
  return "";
}

/// What `status` tells.
struct ProjectStatus {
  std::string directory;
  std::string name;
  profiles::Trust trust = profiles::Trust::unknown;
  std::string base;
  std::optional<instance::Environment> environment;
  bool running = false;
  bool current = false;
  std::string lock;  ///< the file's name; "": there is none
  std::vector<session::ServiceStatus> services;
};

Result<ProjectStatus> look(const std::string& directory,
                           const std::string& variant,
                           Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto loaded, load_checked(directory, variant, context));
  ProjectStatus status{.directory = directory, .base = loaded.project->base};
  status.trust = profiles::look_up_trust(workspace->paths.data, directory, loaded.sources).trust;
  TRY_ASSIGN(const auto name, project_environment_name(*loaded.project, variant, context));
  status.name = name.string();
  TRY_ASSIGN(status.environment, environment_there(directory, variant, context));
  TRY_ASSIGN(const auto current, current_environment(directory, variant, context));
  status.current = current.has_value();
  TRY_ASSIGN(const auto lock, load_project_lock(*loaded.project));
  status.lock = lock ? lock_in_use(*loaded.project) : "";
  if (status.environment) {
    TRY_ASSIGN(const auto running, session::find_running(*status.environment));
    status.running = running.has_value();
    status.services = session::service_statuses(*status.environment);
  }
  return status;
}

std::string state_word(const ProjectStatus& status) {
  return !status.environment ? "none yet" : status.running ? "running" : "stopped";
}

Json document_of(const ProjectStatus& status) {
  Json services = Json::array();
  for (const session::ServiceStatus& service : status.services) {
    services.push_back({{"name", service.name},
                        {"pid", service.pid > 0 ? Json(service.pid) : Json()},
                        {"log", service.log_file}});
  }
  Json layers = Json::array();
  if (status.environment) {
    for (const Digest& layer : status.environment->state.layers) {
      layers.push_back(layer.string());
    }
  }
  return Json{{"schema", 1},
              {"directory", status.directory},
              {"trust", to_string(status.trust)},
              {"base", text_or_null(status.base)},
              {"environment", status.name},
              {"exists", status.environment.has_value()},
              {"running", status.running},
              {"current", status.current},
              {"locked", !status.lock.empty()},
              {"layers", std::move(layers)},
              {"services", std::move(services)}};
}

std::string text_of(const ProjectStatus& status) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"project", status.directory},
      {"devenv.toml", std::string(to_string(status.trust))},
      {"base", status.base},
      {"environment", format("{}: {}", status.name, state_word(status))},
      {"state", !status.environment ? "devenv up makes it"
                : status.current    ? "as devenv.toml says"
                                    : "devenv.toml has changed: devenv up"},
      {"lock", status.lock.empty() ? "none: devenv lock makes one" : status.lock},
  };
  for (const session::ServiceStatus& service : status.services) {
    fields.emplace_back(
        "service", service.pid > 0 ? format("{}: process {}", service.name, service.pid)
                                   : format("{}: ended, see {}", service.name, service.log_file));
  }
  return render_fields(fields);
}

}  // namespace

void add_up(CLI::App& app, UpOptions& options) {
  add_up_flags(app, options.up);
  app.footer(
      "Makes the environment of the project that the working directory is in, or changes it to "
      "what\n"
      "devenv.toml says by now, starts it, and its services. What was made once is not made "
      "again.\n"
      "\n"
      "Examples:\n"
      "  devenv up\n"
      "  devenv up --locked --allow      in a script");
}

Result<ExitCode> run_up(const UpOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const std::string directory, require_project_here());
  TRY_ASSIGN(const auto environment,
             project_environment(directory, options.up, Outdated::is_an_error, context));
  TRY(start_with_hook(environment, context));
  TRY(session::ensure_running(*workspace, environment, context.ui()));
  TRY_ASSIGN(const auto loaded, load_trusted(directory, options.up.project, context));
  TRY(start_services(*loaded.project, environment, context));
  context.ui().note(format("'{}' is up", environment.name.string()));
  return ExitCode::done;
}

void add_down(CLI::App& app, DownOptions& options) {
  add_variant_flag(app, options.variant);
  app.footer("Ends everything in the project's environment; devenv rm NAME removes it.");
}

Result<ExitCode> run_down(const DownOptions& options, Context& context) {
  TRY_ASSIGN(const std::string directory, require_project_here());
  TRY_ASSIGN(const auto environment, environment_there(directory, options.variant, context));
  if (!environment) {
    context.ui().note("there is no environment of this project yet");
    return ExitCode::done;
  }
  if (const auto places = host_places(context)) {
    exporting::stop_services(*environment, *places, kGrace);
  }
  TRY_ASSIGN(const bool was_running, session::stop(*environment, kGrace));
  context.ui().note(was_running ? format("stopped '{}'", environment->name.string())
                                : format("'{}' was not running", environment->name.string()));
  return ExitCode::done;
}

void add_status(CLI::App& app, StatusOptions& options) {
  add_variant_flag(app, options.variant);
  add_json_flag(app, options.json);
}

Result<ExitCode> run_status(const StatusOptions& options, Context& context) {
  TRY_ASSIGN(const std::string directory, require_project_here());
  TRY_ASSIGN(const ProjectStatus status, look(directory, options.variant, context));
  if (options.json) {
    context.ui().document(document_of(status));
  } else {
    context.ui().data(text_of(status));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd

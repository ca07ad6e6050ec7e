// SPDX-License-Identifier: MIT
#include "cmd/inspect.hpp"

#include "cmd/list.hpp"
#include "cmd/ui/table.hpp"
#include "env/export/ledger.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
namespace {

/// What is found out about one environment; text and JSON are made of it.
struct Inspection {
  instance::Environment environment;
  std::optional<session::RunningRecord> running;
  std::vector<host::ShareStatus> shares;
  std::optional<std::size_t> processes;  ///< inside; nullopt when not running or not to be seen
};

Result<Inspection> inspect(const std::string& name, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(instance::Environment environment, instance::get_environment(*workspace, name));
  TRY_ASSIGN(const auto running, session::find_running(environment));
  Inspection inspection{.environment = std::move(environment)};
  inspection.shares = session::describe_shares(*workspace, inspection.environment);
  if (running) {
    inspection.running = running->record;
    if (const auto inside = session::processes_inside(*running)) {
      inspection.processes = inside->size();
    }
  }
  return inspection;
}

std::string status_of(const Inspection& inspection) {
  return std::string(
      to_string(inspection.running ? EnvironmentStatus::running : EnvironmentStatus::stopped));
}

Json shares_document(const std::vector<host::ShareStatus>& shares) {
  Json list = Json::array();
  for (const host::ShareStatus& status : shares) {
    list.push_back(Json{
        {"name", status.share->name}, {"on", status.on}, {"reason", text_or_null(status.reason)}});
  }
  return list;
}

/// The names of those that are on; a line for each of the others.
void add_shares(const std::vector<host::ShareStatus>& shares,
                std::vector<std::pair<std::string, std::string>>& fields) {
  std::vector<std::string> on;
  for (const host::ShareStatus& status : shares) {
    if (status.on) {
      on.emplace_back(status.share->name);
    }
  }
  fields.emplace_back("shared", join(on, " "));
  for (const host::ShareStatus& status : shares) {
    if (!status.on) {
      fields.emplace_back("not shared", format("{}: {}", status.share->name, status.reason));
    }
  }
}

Json document_of(const Inspection& inspection) {
  const instance::Environment& environment = inspection.environment;
  return Json{{"schema", 1},
              {"name", environment.name.string()},
              {"status", status_of(inspection)},
              {"directory", environment.directory},
              {"spec", environment.spec.to_json()},
              {"state", environment.state.to_json()},
              {"shares", shares_document(inspection.shares)},
              {"running", inspection.running ? inspection.running->to_json() : Json()},
              {"processes", inspection.processes ? Json(*inspection.processes) : Json()}};
}

std::string text_of(const Inspection& inspection) {
  const instance::Environment& environment = inspection.environment;
  const instance::State& state = environment.state;
  std::vector<std::pair<std::string, std::string>> fields = {
      {"name", environment.name.string()},
      {"status", status_of(inspection)},
      {"image", environment.spec.image},
      {"reference", state.image_reference},
      {"manifest", state.manifest_digest.string()},
      {"layers", format("{}", state.layers.size())},
      {"profile", environment.spec.profile},
      {"storage", std::string(sandbox::to_string(state.storage))},
      {"created", environment.spec.created_at},
      {"directory", environment.directory},
      {"id map", state.id_map},
      {"host commands", std::string(to_string(environment.spec.host_commands))},
  };
  const auto ledger = exporting::load_ledger(environment);
  fields.emplace_back(
      "exported",
      ledger ? format("{}{}", ledger->exports.size(),
                      environment.spec.exports.automatic ? ", and every app by itself" : "")
             : ledger.error().to_line());
  if (inspection.running) {
    fields.emplace_back("started", inspection.running->started_at);
    fields.emplace_back("pid", format("{}", inspection.running->pid));
    fields.emplace_back("processes",
                        inspection.processes ? format("{}", *inspection.processes) : "");
  }
  add_shares(inspection.shares, fields);
  return render_fields(fields);
}

}  // namespace

void add_inspect(CLI::App& app, InspectOptions& options) {
  app.add_option("NAME", options.name, "the environment")
      ->type_name(kind::kEnvironment)
      ->required();
  add_json_flag(app, options.json);
}

Result<ExitCode> run_inspect(const InspectOptions& options, Context& context) {
  TRY_ASSIGN(const Inspection inspection, inspect(options.name, context));
  if (options.json) {
    context.ui().document(document_of(inspection));
  } else {
    context.ui().data(text_of(inspection));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd

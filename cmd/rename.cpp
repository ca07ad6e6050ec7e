// SPDX-License-Identifier: MIT
#include "cmd/rename.hpp"

#include "cmd/export_source.hpp"
#include "cmd/project_record.hpp"
#include "env/export/ledger.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/create.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
namespace {

constexpr std::chrono::seconds kGrace{5};

/// Entries, commands and units name their environment. It is looked into for that, which needs it
/// to run for a moment.
Result<void> renew_exports(const std::string& name, Context& context) {
  const auto renew = [&]() -> Result<void> {
    TRY_ASSIGN(const ExportSource source, open_export_source(name, context));
    TRY_ASSIGN(exporting::Exporter exporter, make_exporter(source, context));
    TRY(exporter.renew(source.environment.spec.exports, exporting::Gone::forget));
    return exporter.finish();
  };
  TRY(in_child(renew));
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto place, instance::get_directory(*workspace, name));
  TRY(session::stop(place, kGrace));
  return {};
}

}  // namespace

void add_rename(CLI::App& app, RenameOptions& options) {
  app.add_option("NAME", options.name, "the environment, which must not be running")
      ->type_name(kind::kEnvironment)
      ->required();
  app.add_option("NEW", options.new_name, "its name from now on")
      ->type_name(kind::kNewName)
      ->required();
  app.footer(
      "What it has exported is renewed.\n"
      "\n"
      "Example:\n"
      "  devenv rename fedora work");
}

Result<ExitCode> run_rename(const RenameOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto environment, instance::get_environment(*workspace, options.name));
  TRY_ASSIGN(const auto name, instance::EnvironmentName::parse(options.new_name));
  TRY(instance::rename_environment(*workspace, environment, name));
  if (!environment.spec.project.empty()) {
    TRY(rename_in_project_records(workspace->paths.data, environment.spec.project, options.name,
                                  name.string()));
  }
  context.ui().note(format("'{}' is called '{}' now", options.name, name.string()));
  TRY_ASSIGN(const auto place, instance::get_directory(*workspace, name.string()));
  TRY_ASSIGN(const exporting::Ledger ledger, exporting::load_ledger(place));
  if (ledger.exports.empty()) {
    return ExitCode::done;
  }
  if (const auto renewed = renew_exports(name.string(), context); !renewed) {
    return fail(renewed.error()
                    .context("its exports still have the old name")
                    .with_hint(format("devenv export {} --sync", name.string())));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd

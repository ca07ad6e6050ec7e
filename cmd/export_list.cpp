// SPDX-License-Identifier: MIT
#include "cmd/export_list.hpp"

#include "cmd/export_source.hpp"
#include "cmd/ui/table.hpp"
#include "env/base/text.hpp"
#include "env/instance/catalog.hpp"

namespace devenv::cmd {
namespace {

using exporting::Export;
using exporting::Kind;

/// What people look for: the entry, the script, the unit.
std::string main_file(const Export& entry) {
  return entry.files.empty() ? "(gone inside)" : text::sanitize(entry.files.back().path);
}

}  // namespace

Result<ExitCode> list_exports(const std::optional<std::string>& name, bool json, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  std::vector<instance::EnvironmentDirectory> places;
  if (name) {
    TRY_ASSIGN(auto place, instance::get_directory(*workspace, *name));
    places.push_back(std::move(place));
  } else {
    TRY_ASSIGN(const instance::Listing listing, instance::list_environments(*workspace));
    places = listing.directories();
  }
  Json exports = Json::array();
  Table table{.header = {"ENVIRONMENT", "KIND", "ID", "ON THE HOST"}, .rows = {}};
  for (const auto& place : places) {
    const auto ledger = exporting::load_ledger(place);
    if (!ledger) {
      if (name) {
        return fail(ledger.error());
      }
      context.ui().warn(ledger.error().to_line(), ledger.error().hint());
      continue;
    }
    Json document = ledger->to_json();
    for (Json& entry : document["exports"]) {
      entry["environment"] = place.name.string();
      exports.push_back(std::move(entry));
    }
    for (const Export& entry : ledger->exports) {
      table.rows.push_back({place.name.string(), std::string(to_string(entry.kind)),
                            text::sanitize(entry.id), main_file(entry)});
    }
  }
  if (json) {
    context.ui().document(Json{{"schema", 1}, {"exports", std::move(exports)}});
  } else {
    context.ui().data(render(table, context.ui().out_style()));
  }
  return ExitCode::done;
}

namespace {

struct Available {
  exporting::FoundApps found;
  std::vector<std::string> services;
  exporting::Ledger ledger;
};

/// The lock of exports is given back before anything is printed: a pager may sit on it for hours.
Result<Available> find_available(const std::string& name, Context& context) {
  TRY_ASSIGN(const ExportSource source, open_export_source(name, context));
  TRY_ASSIGN(exporting::Exporter exporter, make_exporter(source, context));
  return Available{.found = exporter.planner().apps(),
                   .services = exporter.planner().services(),
                   .ledger = exporter.ledger()};
}

}  // namespace

Result<ExitCode> list_available(const std::string& name, bool json, Context& context) {
  TRY_ASSIGN(const Available available, find_available(name, context));
  Json apps = Json::array();
  Json services = Json::array();
  Table table{.header = {"KIND", "ID", "NAME", "EXPORTED"}, .rows = {}};
  for (const std::string& warning : available.found.warnings) {
    context.ui().warn(warning, "");
  }
  for (const exporting::App& app : available.found.apps) {
    const bool exported = available.ledger.find(Kind::app, app.id) != nullptr;
    apps.push_back(Json{{"id", app.id},
                        {"name", app.name},
                        {"path", app.path},
                        {"icon", app.icon},
                        {"no_display", app.no_display},
                        {"exported", exported}});
    if (!app.no_display) {
      table.rows.push_back({"app", app.id, app.name, exported ? "yes" : ""});
    }
  }
  for (const std::string& unit : available.services) {
    const bool exported = available.ledger.find(Kind::service, unit) != nullptr;
    services.push_back(Json{{"id", unit}, {"exported", exported}});
    table.rows.push_back({"service", text::sanitize(unit), "", exported ? "yes" : ""});
  }
  if (json) {
    context.ui().document(
        Json{{"schema", 1}, {"apps", std::move(apps)}, {"services", std::move(services)}});
  } else {
    context.ui().data(render(table, context.ui().out_style()));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "cmd/list.hpp"

#include <algorithm>

#include "cmd/names.hpp"
#include "cmd/ui/table.hpp"
#include "env/image/worker_events.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
namespace {

Json entry_document(const ListEntry& entry) {
  Json json{{"name", entry.name},
            {"status", to_string(entry.status)},
            {"image", entry.spec ? text_or_null(entry.spec->image) : Json()},
            {"created_at", entry.spec ? text_or_null(entry.spec->created_at) : Json()},
            {"profile", entry.spec ? text_or_null(entry.spec->profile) : Json()},
            {"storage", entry.storage ? Json(sandbox::to_string(*entry.storage)) : Json()},
            {"pid", entry.pid ? Json(*entry.pid) : Json()},
            {"error", entry.damage ? image::error_to_json(*entry.damage) : Json()}};
  return json;
}

}  // namespace

std::string_view to_string(EnvironmentStatus status) {
  switch (status) {
    case EnvironmentStatus::running:
      return "running";
    case EnvironmentStatus::stopped:
      return "stopped";
    case EnvironmentStatus::damaged:
      return "damaged";
  }
  return "damaged";
}

void add_list(CLI::App& app, ListOptions& options) {
  add_json_flag(app, options.json);
  app.footer("With --quiet, only the names are printed.");
}

Result<std::vector<ListEntry>> list_entries(Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const instance::Listing listing, instance::list_environments(*workspace));
  std::vector<ListEntry> entries;
  for (const instance::Environment& environment : listing.environments) {
    ListEntry entry{.name = environment.name.string(),
                    .spec = environment.spec,
                    .storage = environment.state.storage};
    // One that cannot be looked at is not running for anybody who wants to use it.
    if (const auto running = session::find_running(environment); running && *running) {
      entry.status = EnvironmentStatus::running;
      entry.pid = (*running)->record.pid;
    }
    entries.push_back(std::move(entry));
  }
  for (const instance::Damaged& damaged : listing.damaged) {
    entries.push_back(ListEntry{.name = damaged.name.string(),
                                .status = EnvironmentStatus::damaged,
                                .damage = damaged.reason});
  }
  std::sort(entries.begin(), entries.end(),
            [](const ListEntry& a, const ListEntry& b) { return a.name < b.name; });
  return entries;
}

std::string list_table(const std::vector<ListEntry>& entries, const Style& style) {
  Table table{.header = {"NAME", "STATUS", "STORAGE", "CREATED", "IMAGE"}};
  for (const ListEntry& entry : entries) {
    table.rows.push_back({entry.name, std::string(to_string(entry.status)),
                          std::string(entry.storage ? sandbox::to_string(*entry.storage) : ""),
                          entry.spec ? short_time(entry.spec->created_at) : "",
                          entry.spec ? entry.spec->image : ""});
  }
  return render(table, style);
}

Json list_document(const std::vector<ListEntry>& entries) {
  Json environments = Json::array();
  std::transform(entries.begin(), entries.end(), std::back_inserter(environments), entry_document);
  return Json{{"schema", 1}, {"environments", std::move(environments)}};
}

std::string short_time(const std::string& timestamp) {
  constexpr std::size_t kDate = 10;     // "2026-11-22"
  constexpr std::size_t kMinutes = 16;  // "2026-11-22T03:00"
  if (timestamp.size() <= kMinutes || timestamp[kDate] != 'T') {
    return timestamp;
  }
  return timestamp.substr(0, kDate) + " " + timestamp.substr(kDate + 1, kMinutes - kDate - 1);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Result<ExitCode> run_list(const ListOptions& options, Context& context) {
  Ui& ui = context.ui();
  if (ui.is_quiet() && !options.json) {
    TRY_ASSIGN(const std::vector<std::string> names, environment_names(context));
    for (const std::string& name : names) {
      ui.data(name + "\n");
    }
    return ExitCode::done;
  }
  TRY_ASSIGN(const std::vector<ListEntry> entries, list_entries(context));
  if (options.json) {
    ui.document(list_document(entries));
  } else {
    ui.data(list_table(entries, ui.out_style()));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd

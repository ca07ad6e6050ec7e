// SPDX-License-Identifier: MIT
#include "env/export/exporter.hpp"

#include <algorithm>
#include <chrono>
#include <functional>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/user_manager.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::exporting {

/// A little more than what a service has to end (DefaultTimeoutStopSec=).
constexpr std::chrono::seconds kStopPatience{100};

Result<Exporter> Exporter::for_removal(const std::string& data,
                                       const instance::EnvironmentDirectory& environment,
                                       HostPlaces places,
                                       Reporter& reporter) {
  TRY_ASSIGN(Writer writer, Writer::open(data, environment));
  return Exporter({.environment = environment,
                   .inside = {},
                   .places = std::move(places),
                   .program = "",
                   .locale = ""},
                  std::move(writer), reporter);
}

void Exporter::note_changes(const std::vector<ExportedFile>& files) {
  for (const ExportedFile& file : files) {
    changed_.applications |= file.path.starts_with(input_.places.applications + "/");
    changed_.icons |= file.path.starts_with(input_.places.icons + "/");
    changed_.mime |= file.path.starts_with(input_.places.mime + "/");
    units_changed_ |= file.path.starts_with(input_.places.user_units + "/");
  }
}

Result<std::vector<PutResult>> Exporter::put(std::vector<NewExport> exports) {
  std::vector<std::vector<ExportedFile>> touched;
  for (const NewExport& wanted : exports) {
    const Export* const old = ledger().find(wanted.entry.kind, wanted.entry.id);
    touched.push_back(old != nullptr ? old->files : std::vector<ExportedFile>());
    for (const NewFile& file : wanted.files) {
      touched.back().push_back({.path = file.path, .fingerprint = ""});
    }
  }
  TRY_ASSIGN(auto results, writer_.put(std::move(exports)));
  for (std::size_t at = 0; at < results.size(); ++at) {
    if (results[at] && *results[at] != Change::nothing) {
      note_changes(touched[at]);
    }
  }
  return results;
}

Result<Change> Exporter::put_one(NewExport wanted) {
  const bool is_binary = wanted.entry.kind == Kind::binary;
  std::vector<NewExport> one;
  one.push_back(std::move(wanted));
  TRY_ASSIGN(auto results, put(std::move(one)));
  if (!results.front() && is_binary) {
    return fail(results.front().error().with_hint(
        "move it away, or choose another place: --export-path DIR"));
  }
  return std::move(results.front());
}

/// Before their files go: what runs could not be stopped by name afterwards, and what was enabled
/// would leave links to nowhere.
Result<void> Exporter::stop_services(const std::vector<Export>& exports) {
  std::vector<std::string> units;
  for (const Export& entry : exports) {
    for (const ExportedFile& file : entry.files) {
      const bool is_unit = file.path.starts_with(input_.places.user_units + "/");
      if (is_unit && !writer_.obstacle(file.path)) {
        units.push_back(file.path.substr(input_.places.user_units.size() + 1));
      }
    }
  }
  UserManager::of_caller().stop(units, kStopPatience);
  for (const std::string& unit : units) {
    TRY(remove_links(input_.places.user_units, unit));
  }
  return {};
}

Result<void> Exporter::take_back(const std::vector<Export>& exports, Again again) {
  if (exports.empty()) {
    return {};
  }
  TRY(stop_services(exports));
  TRY_ASSIGN(const Removed removed, writer_.remove(exports, again));
  for (const std::string& path : removed.changed) {
    reporter_.warn(format("'{}' was changed by somebody else, and is left", text::sanitize(path)),
                   "");
  }
  for (const Export& entry : exports) {
    note_changes(entry.files);
  }
  return removed.failure ? Result<void>(fail(*removed.failure)) : Result<void>();
}

Result<Export> Exporter::find(Kind kind, const std::string& query) const {
  const std::string lower = text::to_lower(query);
  // As apps are chosen for an export: ids win over paths, and both over names.
  const std::function<bool(const Export&)> stages[] = {
      [&](const Export& entry) { return entry.id == query; },
      [&](const Export& entry) {
        return (kind == Kind::app && entry.id == query + ".desktop") ||
               (kind == Kind::service && entry.id == query + ".service");
      },
      [&](const Export& entry) { return !entry.source.empty() && entry.source == query; },
      [&](const Export& entry) {
        return !entry.name.empty() && text::to_lower(entry.name) == lower;
      },
  };
  std::vector<Export> found;
  for (const auto& is_meant : stages) {
    for (const Export& entry : ledger().exports) {
      if (entry.kind == kind && is_meant(entry)) {
        found.push_back(entry);
      }
    }
    if (!found.empty()) {
      break;
    }
  }
  const std::string& name = input_.environment.name.string();
  if (found.empty()) {
    return fail(Error(ErrorCode::not_found,
                      format("'{}' is not exported from '{}'", text::sanitize(query), name))
                    .with_hint(format("devenv export {} --list", name)));
  }
  if (found.size() > 1) {
    std::vector<std::string> ids;
    for (const Export& entry : found) {
      ids.push_back(entry.id);
    }
    return fail(Error(ErrorCode::usage, format("several are called '{}': {}", text::sanitize(query),
                                               text::sanitize(join(ids, ", "))))
                    .with_hint("give the id"));
  }
  return found.front();
}

Result<void> Exporter::remove(const std::vector<Export>& exports) {
  return take_back(exports, Again::never);
}

Result<void> Exporter::remove_all() {
  const std::vector<Export> all = ledger().exports;
  return take_back(all, Again::never);
}

bool Exporter::is_inside(const Export& entry) {
  switch (entry.kind) {
    case Kind::app:
      return !choose_apps(planner_.apps().apps, entry.id).empty();
    case Kind::binary:
      return planner_.find_binary(entry.source).has_value();
    case Kind::service:
      return planner_.find_service(entry.id).has_value();
    case Kind::launcher:
      return true;
  }
  return false;
}

Result<NewExport> Exporter::plan_again(const Export& entry) {
  switch (entry.kind) {
    case Kind::app: {
      const auto found = choose_apps(planner_.apps().apps, entry.id);
      if (found.empty()) {
        break;
      }
      TRY_ASSIGN(NewExport planned, planner_.app(found.front(), entry.options, ledger()));
      planned.entry.automatic = entry.automatic;
      return planned;
    }
    case Kind::binary:
      return planner_.binary(entry.source, entry.options);
    case Kind::service:
      return planner_.service(entry.id, entry.options, ledger());
    case Kind::launcher:
      return planner_.launcher(entry.options);
  }
  return fail(ErrorCode::not_found, format("'{}' is gone", entry.id));
}

/// What is wished for and not there is no error: it comes when it is installed.
void Exporter::add_wishes(const instance::ExportWishes& wishes, std::vector<NewExport>& planned) {
  const auto add = [&](Result<NewExport> wanted) {
    if (wanted && ledger().find(wanted->entry.kind, wanted->entry.id) == nullptr &&
        !ledger().excludes(wanted->entry.id)) {
      wanted->entry.automatic = true;
      planned.push_back(*std::move(wanted));
    }
  };
  for (const std::string& query : wishes.apps) {
    const auto found = choose_apps(planner_.apps().apps, query);
    if (found.size() == 1) {
      add(planner_.app(found.front(), {}, ledger()));
    }
  }
  for (const std::string& query : wishes.binaries) {
    if (planner_.find_binary(query)) {
      add(planner_.binary(query, {}));
    }
  }
  for (const std::string& query : wishes.services) {
    if (planner_.find_service(query)) {
      add(planner_.service(query, {}, ledger()));
    }
  }
  if (!wishes.automatic) {
    return;
  }
  for (const App& app : planner_.apps().apps) {
    const bool is_planned =
        std::any_of(planned.begin(), planned.end(), [&](const NewExport& other) {
          return other.entry.kind == Kind::app && other.entry.id == app.id;
        });
    if (!app.no_display && !is_planned && !ledger().excludes(app.id)) {
      add(planner_.app(app, {}, ledger()));
    }
  }
}

Result<std::size_t> Exporter::renew(const instance::ExportWishes& wishes, Gone gone) {
  std::vector<Export> superfluous;
  std::vector<NewExport> planned;
  const std::vector<Export> before = ledger().exports;
  for (const Export& entry : before) {
    if (!is_inside(entry)) {
      if (entry.automatic || gone == Gone::forget) {
        superfluous.push_back(entry);
      } else {
        planned.push_back({entry, {}});
      }
      continue;
    }
    auto again = plan_again(entry);
    if (again) {
      planned.push_back(*std::move(again));
    } else {
      reporter_.warn(again.error().to_line(), again.error().hint());
    }
  }
  TRY(take_back(superfluous, Again::allowed));
  std::size_t changed = superfluous.size();
  add_wishes(wishes, planned);
  TRY_ASSIGN(const auto results, put(std::move(planned)));
  for (const PutResult& result : results) {
    if (!result) {
      reporter_.warn(result.error().to_line(), result.error().hint());
    }
    changed += result && *result != Change::nothing ? 1U : 0U;
  }
  return changed;
}

Result<void> Exporter::finish() {
  if (changed_.applications) {
    TRY(writer_.expect_cache(input_.places.applications + "/mimeinfo.cache"));
  }
  renew_caches(input_.places, changed_, reporter_, sys::find_program);
  if (units_changed_) {
    UserManager::of_caller().reload();
  }
  return writer_.finish();
}

void stop_services(const instance::EnvironmentDirectory& environment,
                   const HostPlaces& places,
                   std::chrono::milliseconds limit) {
  const auto ledger = load_ledger(environment);
  std::vector<std::string> units;
  for (const Export& entry : ledger ? ledger->exports : std::vector<Export>()) {
    for (const ExportedFile& file : entry.files) {
      if (file.path.starts_with(places.user_units + "/")) {
        units.push_back(file.path.substr(places.user_units.size() + 1));
      }
    }
  }
  UserManager::of_caller().stop(units, limit);
}

Result<void> remove_exports(const std::string& data,
                            const instance::EnvironmentDirectory& environment,
                            const HostPlaces& places,
                            Reporter& reporter) {
  if (!sys::exists(ledger_file(environment))) {
    return {};
  }
  TRY_ASSIGN(Exporter exporter, Exporter::for_removal(data, environment, places, reporter));
  const auto done = exporter.remove_all();
  const auto finished = exporter.finish();
  return done ? finished : done;
}

}  // namespace devenv::exporting

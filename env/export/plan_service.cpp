// SPDX-License-Identifier: MIT
// The export of a service or a timer.
#include <fcntl.h>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/planner.hpp"
#include "env/export/service_unit.hpp"
#include "env/export/unit_file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::exporting {
namespace {

/// What a timer starts: Unit=, or the service of its own name.
std::string unit_of_timer(const FoundUnit& timer) {
  UnitName name = UnitName::parse(timer.name);
  name.type = "service";
  std::string unit = name.string();
  std::vector<std::string> texts = {timer.text};
  texts.insert(texts.end(), timer.drop_ins.begin(), timer.drop_ins.end());
  for (const std::string& text : texts) {
    for (const Assignment& each : parse_unit(text)) {
      if (each.section == "Timer" && each.key == "Unit" && !each.value.empty()) {
        unit = each.value;
      }
    }
  }
  return unit;
}

Error why_not(const FoundUnit& unit) {
  if (unit.is_masked) {
    return Error(ErrorCode::conflict, format("'{}' is masked", unit.name))
        .with_hint(format("inside: systemctl unmask {}", unit.name));
  }
  const std::string type = UnitName::parse(unit.name).type;
  const char* reason = type == "socket" ? "the host's service manager cannot hand its sockets over"
                       : type == "path" ? "the host's service manager cannot watch files inside"
                                        : "only services and timers can be exported";
  return Error(ErrorCode::unsupported, format("'{}' cannot be exported: {}", unit.name, reason));
}

}  // namespace

std::optional<FoundUnit> Planner::find_service(const std::string& query) const {
  return find_unit(input_.inside.root, query);
}

std::vector<std::string> Planner::services() const {
  return list_units(input_.inside.root);
}

Result<NewFile> Planner::unit_file(const FoundUnit& unit,
                                   const ExportOptions& options,
                                   const Ledger& ledger) const {
  constexpr unsigned kForAll = 0644;
  constexpr unsigned kForUser = 0600;
  const Inside& inside = input_.inside;
  ServiceInput service{.environment_name = name(),
                       .unit = unit.name,
                       .source = unit.path,
                       .program = input_.program,
                       .of_system = unit.of_system,
                       .home = inside.home,
                       .home_shared = inside.home_shared,
                       .runtime_shared = inside.runtime_shared,
                       .drop_ins = unit.drop_ins,
                       .options = options};
  service.read = [this](const std::string& path) { return read(path); };
  service.is_directory = [&inside](const std::string& path) {
    return sys::open_in_root(inside.root, path, O_PATH | O_DIRECTORY).has_value();
  };
  const bool is_timer = UnitName::parse(unit.name).type == "timer";
  service.host_name = [&, is_timer](const std::string& other) -> std::optional<std::string> {
    const bool comes_along = is_timer && other == unit_of_timer(unit);
    return comes_along || ledger.find(Kind::service, other) != nullptr
               ? std::optional(host_unit_name(name(), other))
               : std::nullopt;
  };
  const std::string host_name = host_unit_name(name(), unit.name);
  if (!is_unit_name(host_name)) {
    return fail(ErrorCode::usage, format("the name '{}' is too long for a unit", host_name));
  }
  TRY_ASSIGN(ServiceUnit rewritten,
             is_timer ? rewrite_timer(unit.text, service) : rewrite_service(unit.text, service));
  // Said once, not by each sync.
  if (!rewritten.left_out.empty() && ledger.find(Kind::service, unit.name) == nullptr) {
    reporter_.warn(format("left out of '{}': {}", unit.name, join(rewritten.left_out, ", ")), "");
  }
  return NewFile{.path = format("{}/{}", input_.places.user_units, host_name),
                 .contents = std::move(rewritten.text),
                 .mode = rewritten.is_private ? kForUser : kForAll};
}

Result<NewExport> Planner::service(const std::string& query,
                                   const ExportOptions& options,
                                   const Ledger& ledger) const {
  const auto found = find_service(query);
  if (!found) {
    return fail(Error(ErrorCode::not_found,
                      format("environment '{}' has no service '{}'", name(), text::sanitize(query)))
                    .with_hint(format("what there is: devenv export {} --available", name())));
  }
  const std::string type = UnitName::parse(found->name).type;
  if (found->is_masked || (type != "service" && type != "timer")) {
    return fail(why_not(*found));
  }
  std::vector<NewFile> files;
  if (type == "timer") {
    const std::string started = unit_of_timer(*found);
    const auto service = find_service(started);
    if (!service || service->is_masked || UnitName::parse(service->name).type != "service") {
      return fail(ErrorCode::not_found, format("'{}' starts '{}', which there is none of",
                                               found->name, text::sanitize(started)));
    }
    if (ledger.find(Kind::service, service->name) == nullptr) {
      TRY_ASSIGN(NewFile file, unit_file(*service, options, ledger));
      files.push_back(std::move(file));
    }
  }
  TRY_ASSIGN(NewFile file, unit_file(*found, options, ledger));
  files.push_back(std::move(file));
  return NewExport{{.kind = Kind::service,
                    .id = found->name,
                    .source = found->path,
                    .files = {},
                    .options = options},
                   std::move(files)};
}

}  // namespace devenv::exporting

// SPDX-License-Identifier: MIT
#include "env/export/ledger.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::exporting {
namespace {

constexpr int kVersion = 1;
constexpr std::array kKinds = {Kind::app, Kind::binary, Kind::service, Kind::launcher};

Json to_json(const ExportOptions& options) {
  Json json = Json::object();
  if (options.label) {
    json["label"] = *options.label;
  }
  if (!options.arguments.empty()) {
    json["arguments"] = options.arguments;
  }
  if (!options.variables.empty()) {
    json["variables"] = options.variables;
  }
  if (options.as_root) {
    json["root"] = true;
  }
  if (options.directory) {
    json["directory"] = *options.directory;
  }
  if (options.autostart) {
    json["autostart"] = true;
  }
  if (options.bus) {
    json["dbus"] = true;
  }
  return json;
}

std::optional<std::string> optional_string(const Json& json, std::string_view key) {
  return json::find(json, key) == nullptr ? std::nullopt
                                          : std::optional(json::string_or(json, key, ""));
}

Result<ExportOptions> options_from_json(const Json& json) {
  ExportOptions options;
  options.label = optional_string(json, "label");
  options.directory = optional_string(json, "directory");
  TRY_ASSIGN(options.arguments, json::strings_or_none(json, "arguments"));
  TRY_ASSIGN(options.variables, json::strings_or_none(json, "variables"));
  options.as_root = json::find(json, "root") != nullptr;
  options.autostart = json::find(json, "autostart") != nullptr;
  options.bus = json::find(json, "dbus") != nullptr;
  return options;
}

Json to_json(const Export& entry) {
  Json files = Json::array();
  for (const ExportedFile& file : entry.files) {
    files.push_back(Json{{"path", file.path}, {"fingerprint", file.fingerprint}});
  }
  Json json{{"kind", to_string(entry.kind)},
            {"id", entry.id},
            {"source", entry.source},
            {"files", std::move(files)},
            {"options", to_json(entry.options)}};
  if (!entry.name.empty()) {
    json["name"] = entry.name;
  }
  if (entry.automatic) {
    json["automatic"] = true;
  }
  return json;
}

Result<Export> export_from_json(const Json& json) {
  Export entry;
  TRY_ASSIGN(const std::string kind, json::get_string(json, "kind"));
  const auto* const known = std::find_if(
      kKinds.begin(), kKinds.end(), [&](Kind each) { return exporting::to_string(each) == kind; });
  if (known == kKinds.end()) {
    return fail(ErrorCode::integrity, format("there is no kind '{}'", text::sanitize(kind)));
  }
  entry.kind = *known;
  TRY_ASSIGN(entry.id, json::get_string(json, "id"));
  entry.name = json::string_or(json, "name", "");
  TRY_ASSIGN(entry.source, json::get_string(json, "source"));
  TRY_ASSIGN(const Json* files, json::get_array(json, "files"));
  for (const Json& each : *files) {
    ExportedFile file;
    TRY_ASSIGN(file.path, json::get_string(each, "path"));
    TRY_ASSIGN(file.fingerprint, json::get_string(each, "fingerprint"));
    if (!file.path.starts_with('/')) {
      return fail(ErrorCode::integrity,
                  format("'{}' is no absolute path", text::sanitize(file.path)));
    }
    entry.files.push_back(std::move(file));
  }
  if (const Json* options = json::find(json, "options")) {
    TRY_ASSIGN(entry.options, options_from_json(*options));
  }
  entry.automatic = json::find(json, "automatic") != nullptr;
  return entry;
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::app:
      return "app";
    case Kind::binary:
      return "bin";
    case Kind::service:
      return "service";
    case Kind::launcher:
      return "launcher";
  }
  return "";
}

const Export* Ledger::find(Kind kind, std::string_view id) const {
  const auto found = std::find_if(exports.begin(), exports.end(), [&](const Export& entry) {
    return entry.kind == kind && entry.id == id;
  });
  return found == exports.end() ? nullptr : &*found;
}

void Ledger::put(Export entry) {
  const auto found = std::find_if(exports.begin(), exports.end(), [&](const Export& old) {
    return old.kind == entry.kind && old.id == entry.id;
  });
  if (found == exports.end()) {
    exports.push_back(std::move(entry));
  } else {
    *found = std::move(entry);
  }
}

void Ledger::remove(Kind kind, std::string_view id) {
  std::erase_if(exports, [&](const Export& entry) { return entry.kind == kind && entry.id == id; });
}

bool Ledger::owns(const ExportedFile& file) const {
  return std::any_of(exports.begin(), exports.end(),
                     [&](const Export& entry) {
                       return std::find(entry.files.begin(), entry.files.end(), file) !=
                              entry.files.end();
                     }) ||
         (file.fingerprint == fingerprint("") && names(file.path));
}

bool Ledger::names(std::string_view path) const {
  return std::any_of(exports.begin(), exports.end(), [&](const Export& entry) {
    return std::any_of(entry.files.begin(), entry.files.end(),
                       [&](const ExportedFile& file) { return file.path == path; });
  });
}

bool Ledger::excludes(std::string_view id) const {
  return std::find(excluded.begin(), excluded.end(), id) != excluded.end();
}

Json Ledger::to_json() const {
  Json list = Json::array();
  for (const Export& entry : exports) {
    list.push_back(exporting::to_json(entry));
  }
  Json json{{"version", kVersion},
            {"environment", environment},
            {"exports", std::move(list)},
            {"excluded", excluded}};
  if (unfinished) {
    json["unfinished"] = true;
  }
  return json;
}

Result<Ledger> Ledger::from_json(const Json& json) {
  TRY_ASSIGN(const std::uint64_t version, json::get_uint(json, "version"));
  if (version != kVersion) {
    return fail(Error(ErrorCode::unsupported, format("it has version {}", version))
                    .with_hint("a newer devenv wrote it: use that"));
  }
  Ledger ledger;
  ledger.environment = json::string_or(json, "environment", "");
  TRY_ASSIGN(const Json* list, json::get_array(json, "exports"));
  for (const Json& each : *list) {
    TRY_ASSIGN(Export entry, export_from_json(each));
    ledger.exports.push_back(std::move(entry));
  }
  TRY_ASSIGN(ledger.excluded, json::strings_or_none(json, "excluded"));
  ledger.unfinished = json::find(json, "unfinished") != nullptr;
  return ledger;
}

bool can_be_recorded(const Export& entry) {
  const auto json = json::parse(json::dump(to_json(entry)));
  const auto read = json ? export_from_json(*json) : Result<Export>(fail(json.error()));
  return read && *read == entry;
}

std::set<std::string> paths_of(const Ledger& ledger) {
  std::set<std::string> paths;
  for (const Export& entry : ledger.exports) {
    for (const ExportedFile& file : entry.files) {
      paths.insert(file.path);
    }
  }
  return paths;
}

std::string ledger_file(const instance::EnvironmentDirectory& environment) {
  return environment.directory + "/exports.json";
}

Result<Ledger> load_ledger(const instance::EnvironmentDirectory& environment) {
  const std::string path = ledger_file(environment);
  TRY_ASSIGN(const auto contents, sys::read_file_if_exists(path));
  if (!contents) {
    return Ledger{};
  }
  const auto damaged = [&](const Error& error) {
    return fail(error.code() == ErrorCode::unsupported
                    ? error.context(format("cannot use '{}'", path))
                    : Error(error)
                          .with_code(ErrorCode::integrity)
                          .context(format("'{}' is damaged", path)));
  };
  const auto json = json::parse(*contents);
  if (!json) {
    return damaged(json.error());
  }
  auto ledger = Ledger::from_json(*json);
  return ledger ? std::move(ledger) : damaged(ledger.error());
}

Result<void> save_ledger(const instance::EnvironmentDirectory& environment, const Ledger& ledger) {
  return sys::write_file_atomic(ledger_file(environment), json::dump(ledger.to_json()) + "\n");
}

std::string traces_file(const std::string& data) {
  return data + "/exports.json";
}

HostTraces load_traces(const std::string& data) {
  const auto contents = sys::read_file_if_exists(traces_file(data));
  const auto json = contents && *contents ? json::parse(**contents) : Result<Json>(Json::object());
  if (!json) {
    return {};
  }
  return {.directories =
              json::strings_or_none(*json, "directories").value_or(std::vector<std::string>()),
          .caches = json::strings_or_none(*json, "caches").value_or(std::vector<std::string>())};
}

Result<void> save_traces(const std::string& data, const HostTraces& traces) {
  if (traces.directories.empty() && traces.caches.empty()) {
    return sys::remove_file(traces_file(data));
  }
  const Json json{
      {"version", kVersion}, {"directories", traces.directories}, {"caches", traces.caches}};
  return sys::write_file_atomic(traces_file(data), json::dump(json) + "\n");
}

std::string fingerprint(std::string_view contents) {
  return format("{}:{:016x}", contents.size(), text::fnv1a(contents));
}

}  // namespace devenv::exporting

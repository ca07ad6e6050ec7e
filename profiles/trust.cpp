// SPDX-License-Identifier: MIT
#include "profiles/trust.hpp"

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::profiles {
namespace {

constexpr int kVersion = 1;

/// The directory is in the file, too: two that have one name here do not share their trust.
std::string record_file(const std::string& data, const std::string& directory) {
  return format("{}/trust/{:016x}.json", data, text::fnv1a(directory));
}

Result<std::vector<ProjectSource>> sources_of(const Json& record) {
  std::vector<ProjectSource> sources;
  TRY_ASSIGN(const Json* list, json::get_array(record, "files"));
  for (const Json& each : *list) {
    ProjectSource source;
    TRY_ASSIGN(source.path, json::get_string(each, "path"));
    TRY_ASSIGN(source.contents, json::get_string(each, "contents"));
    sources.push_back(std::move(source));
  }
  return sources;
}

Result<void> save(const std::string& data,
                  const std::string& directory,
                  std::string_view answer,
                  const std::vector<ProjectSource>& sources) {
  Json files = Json::array();
  for (const ProjectSource& source : sources) {
    files.push_back(Json{{"path", source.path}, {"contents", source.contents}});
  }
  const std::string record = json::dump(Json{{"version", kVersion},
                                             {"directory", directory},
                                             {"answer", answer},
                                             {"files", std::move(files)}});
  const std::string file = record_file(data, directory);
  TRY(sys::make_directories(sys::parent_of(file), 0700));
  return sys::write_file_atomic(file, record + "\n", 0600);
}

}  // namespace

TrustRecord look_up_trust(const std::string& data,
                          const std::string& directory,
                          const std::vector<ProjectSource>& sources) {
  const auto contents = sys::read_file_if_exists(record_file(data, directory));
  const auto record = contents && *contents ? json::parse(**contents)
                                            : Result<Json>(fail(ErrorCode::not_found, "none"));
  if (!record || json::string_or(*record, "directory", "") != directory) {
    return {};
  }
  const std::string answer = json::string_or(*record, "answer", "");
  if (answer == "denied") {
    return {.trust = Trust::denied, .allowed = {}};
  }
  auto allowed = sources_of(*record);
  if (answer != "allowed" || !allowed) {
    return {};
  }
  const Trust trust = *allowed == sources ? Trust::allowed : Trust::changed;
  return {.trust = trust, .allowed = *std::move(allowed)};
}

Result<void> allow_project(const std::string& data,
                           const std::string& directory,
                           const std::vector<ProjectSource>& sources) {
  return save(data, directory, "allowed", sources);
}

Result<void> deny_project(const std::string& data, const std::string& directory) {
  return save(data, directory, "denied", {});
}

}  // namespace devenv::profiles

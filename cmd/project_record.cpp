// SPDX-License-Identifier: MIT
#include "cmd/project_record.hpp"

#include <algorithm>
#include <functional>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

constexpr std::uint64_t kSchema = 1;

Result<ProjectRecord> read_record(const Json& json) {
  ProjectRecord record;
  TRY_ASSIGN(const std::uint64_t schema, json::get_uint(json, "schema"));
  if (schema != kSchema) {
    return fail(ErrorCode::unsupported, "of another version");
  }
  TRY_ASSIGN(record.directory, json::get_string(json, "directory"));
  TRY_ASSIGN(record.variant, json::get_string(json, "variant"));
  TRY_ASSIGN(record.environment, json::get_string(json, "environment"));
  TRY_ASSIGN(const Json* groups, json::get_array(json, "packages"));
  for (const Json& each : *groups) {
    TRY_ASSIGN(std::vector<std::string> group, json::get_strings(each, "names"));
    record.groups.push_back(std::move(group));
  }
  record.wanted_name = json::string_or(json, "wanted_name", "");
  record.created_at = json::string_or(json, "created_at", "");
  const Json* const created = json::find(json, "created");
  record.created = created != nullptr && *created == Json(true);
  TRY_ASSIGN(const Json* files, json::get_array(json, "files"));
  for (const Json& each : *files) {
    FileStamp stamp;
    TRY_ASSIGN(stamp.path, json::get_string(each, "path"));
    TRY_ASSIGN(stamp.inode, json::get_uint(each, "inode"));
    TRY_ASSIGN(stamp.size, json::get_uint(each, "size"));
    TRY_ASSIGN(const std::uint64_t changed, json::get_uint(each, "changed"));
    stamp.changed = static_cast<std::int64_t>(changed);
    record.files.push_back(std::move(stamp));
  }
  return record;
}

}  // namespace

FileStamp stamp_of(const std::string& path) {
  const auto info = sys::stat_path(path);
  if (!info || !*info) {
    return {.path = path};
  }
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {.path = path,
          .inode = (*info)->st_ino,
          .size = static_cast<std::uint64_t>((*info)->st_size),
          .changed = (*info)->st_ctim.tv_sec * kNanoseconds + (*info)->st_ctim.tv_nsec};
}

std::string project_record_file(const std::string& data,
                                const std::string& directory,
                                const std::string& variant) {
  return format("{}/projects/{:016x}{}{}.json", data, text::fnv1a(directory),
                variant.empty() ? "" : "-", variant);
}

std::optional<ProjectRecord> load_project_record(const std::string& data,
                                                 const std::string& directory,
                                                 const std::string& variant) {
  const auto contents = sys::read_file_if_exists(project_record_file(data, directory, variant));
  const auto json = contents && *contents ? json::parse(**contents)
                                          : Result<Json>(fail(ErrorCode::not_found, "none"));
  auto record = json ? read_record(*json) : fail(json.error());
  if (!record || record->directory != directory || record->variant != variant) {
    return std::nullopt;
  }
  return *std::move(record);
}

Result<void> save_project_record(const std::string& data, const ProjectRecord& record) {
  Json files = Json::array();
  for (const FileStamp& stamp : record.files) {
    files.push_back(Json{{"path", stamp.path},
                         {"inode", stamp.inode},
                         {"size", stamp.size},
                         {"changed", static_cast<std::uint64_t>(stamp.changed)}});
  }
  Json groups = Json::array();
  for (const std::vector<std::string>& group : record.groups) {
    groups.push_back(Json{{"names", group}});
  }
  const std::string file = project_record_file(data, record.directory, record.variant);
  TRY(sys::make_directories(sys::parent_of(file), 0700));
  return sys::write_file_atomic(file, json::dump(Json{{"schema", kSchema},
                                                      {"directory", record.directory},
                                                      {"variant", record.variant},
                                                      {"environment", record.environment},
                                                      {"wanted_name", record.wanted_name},
                                                      {"created_at", record.created_at},
                                                      {"created", record.created},
                                                      {"packages", std::move(groups)},
                                                      {"files", std::move(files)}}) +
                                          "\n");
}

namespace {

/// Those of all variants; what cannot be read is passed over.
Result<void> for_each_record(
    const std::string& data,
    const std::string& directory,
    const std::function<Result<void>(const std::string& file, ProjectRecord& record)>& visit) {
  const std::string prefix = format("{:016x}", text::fnv1a(directory));
  const auto names = sys::list_directory(data + "/projects");
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (!name.starts_with(prefix) || !name.ends_with(".json")) {
      continue;
    }
    const std::string file = format("{}/projects/{}", data, name);
    const auto contents = sys::read_file(file);
    const auto json = contents ? json::parse(*contents) : Result<Json>(fail(contents.error()));
    auto record = json ? read_record(*json) : fail(json.error());
    if (record && record->directory == directory) {
      TRY(visit(file, *record));
    }
  }
  return {};
}

}  // namespace

Result<void> remove_project_record(const std::string& data,
                                   const std::string& directory,
                                   const std::string& environment) {
  return for_each_record(data, directory, [&](const std::string& file, ProjectRecord& record) {
    return record.environment == environment ? sys::remove_file(file) : Result<void>();
  });
}

Result<void> forget_stamps(const std::string& data, const std::string& directory) {
  return for_each_record(data, directory, [&](const std::string&, ProjectRecord& record) {
    record.files.clear();
    return save_project_record(data, record);
  });
}

Result<void> rename_in_project_records(const std::string& data,
                                       const std::string& directory,
                                       const std::string& name,
                                       const std::string& new_name) {
  return for_each_record(data, directory,
                         [&](const std::string&, ProjectRecord& record) -> Result<void> {
                           if (record.environment != name) {
                             return {};
                           }
                           record.environment = new_name;
                           return save_project_record(data, record);
                         });
}

bool is_current(const ProjectRecord& record) {
  return !record.files.empty() &&
         std::all_of(record.files.begin(), record.files.end(),
                     [](const FileStamp& stamp) { return stamp_of(stamp.path) == stamp; });
}

}  // namespace devenv::cmd

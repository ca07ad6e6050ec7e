// SPDX-License-Identifier: MIT
// What a project's environment was made of the last time: <data>/projects/. Tells in a few stat(2)
// calls that nothing has changed since.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::cmd {

/// A file as it was: size, times and inode; all 0 when there was none. ctime cannot be set back.
struct FileStamp {
  std::string path;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t changed = 0;  ///< ctime, nanoseconds since the epoch

  bool operator==(const FileStamp&) const = default;
};
FileStamp stamp_of(const std::string& path);

struct ProjectRecord {
  std::string directory;
  std::string variant;
  std::string environment;       ///< its name
  std::string wanted_name;       ///< the name that the files asked for
  std::vector<FileStamp> files;  ///< all that its environment depends on
  std::string created_at;        ///< Spec::created_at of it
  bool created = false;          ///< the create hook is done
  /// Packages that were installed together.
  std::vector<std::vector<std::string>> groups;
};

/// Where the record is. `data` is AppPaths::data.
std::string project_record_file(const std::string& data,
                                const std::string& directory,
                                const std::string& variant);
/// nullopt when there is none for this directory, or it cannot be read.
std::optional<ProjectRecord> load_project_record(const std::string& data,
                                                 const std::string& directory,
                                                 const std::string& variant);
Result<void> save_project_record(const std::string& data, const ProjectRecord& record);

/// That of an environment that is gone, or another project's.
Result<void> remove_project_record(const std::string& data,
                                   const std::string& directory,
                                   const std::string& environment);
/// For all variants, the next command looks at everything anew.
Result<void> forget_stamps(const std::string& data, const std::string& directory);

/// An environment of the project has another name by now.
Result<void> rename_in_project_records(const std::string& data,
                                       const std::string& directory,
                                       const std::string& name,
                                       const std::string& new_name);

/// Whether all files are as they were; not when none is known.
bool is_current(const ProjectRecord& record);

}  // namespace devenv::cmd

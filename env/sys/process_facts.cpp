// SPDX-License-Identifier: MIT
// What /proc tells of processes.
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::sys {

Result<std::uint64_t> process_start_time(pid_t pid) {
  constexpr std::size_t kStartTimeAfterName = 19;  // field 22; the fields after the name start at 3
  TRY_ASSIGN(const std::string stat, read_file(format("/proc/{}/stat", pid)));
  const std::size_t name_end = stat.rfind(')');
  if (name_end != std::string::npos && name_end + 2 < stat.size()) {
    const auto fields = text::split(std::string_view(stat).substr(name_end + 2), ' ');
    if (fields.size() > kStartTimeAfterName) {
      if (const auto ticks = text::parse_number(fields[kStartTimeAfterName])) {
        return *ticks;
      }
    }
  }
  return fail(ErrorCode::failed, format("cannot read the start time of process {}", pid));
}

Result<std::uint64_t> namespace_id(pid_t pid, const std::string& name) {
  TRY_ASSIGN(const auto info, stat_path(format("/proc/{}/ns/{}", pid, name)));
  if (!info) {
    return fail(ErrorCode::not_found, format("cannot find process {}", pid));
  }
  return static_cast<std::uint64_t>(info->st_ino);
}

Result<std::vector<pid_t>> list_processes() {
  TRY_ASSIGN(const auto names, list_directory("/proc"));
  std::vector<pid_t> pids;
  for (const std::string& name : names) {
    if (const auto number = text::parse_number(name)) {
      pids.push_back(static_cast<pid_t>(*number));
    }
  }
  return pids;
}

Result<std::string> boot_id() {
  TRY_ASSIGN(const std::string id, read_file("/proc/sys/kernel/random/boot_id"));
  return std::string(text::trim(id));
}

Result<std::uint64_t> proportional_set_size(pid_t pid) {
  TRY_ASSIGN(const std::string rollup, read_file(format("/proc/{}/smaps_rollup", pid)));
  for (const std::string_view line : text::lines(rollup)) {
    if (line.starts_with("Pss:")) {
      const std::string_view kilobytes = text::trim(line.substr(4, line.find("kB") - 4));
      if (const auto number = text::parse_number(kilobytes)) {
        return *number * 1024;
      }
    }
  }
  return fail(ErrorCode::failed, format("cannot read the memory of process {}", pid));
}

}  // namespace devenv::sys

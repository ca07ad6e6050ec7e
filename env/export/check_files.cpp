// SPDX-License-Identifier: MIT
#include "env/export/check_files.hpp"

#include <cerrno>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::exporting {
namespace {

constexpr std::size_t kLargestFile = 1024U * 1024;

/// Each kind of file says it in its own way; see shim.cpp, rewrite.cpp, service_unit.cpp.
bool says_it_is_ours(const std::string& contents) {
  return contents.starts_with("#!/bin/sh\n# Made by devenv") ||
         contents.starts_with("# Made by devenv") ||
         contents.find("\nX-Devenv-Environment=") != std::string::npos;
}

}  // namespace

DamagedFiles find_damaged(const Ledger& ledger) {
  DamagedFiles found;
  std::set<std::string> seen;
  for (const Export& entry : ledger.exports) {
    for (const ExportedFile& file : entry.files) {
      if (!seen.insert(file.path).second) {
        continue;
      }
      const auto contents = sys::read_regular_file(file.path);
      if (!contents && contents.error().sys_errno() == ENOENT) {
        found.missing.push_back(file.path);
      } else if (!contents || !ledger.owns({file.path, fingerprint(*contents)})) {
        found.changed.push_back(file.path);
      }
    }
  }
  return found;
}

std::vector<std::string> find_orphans(const HostPlaces& places,
                                      const std::set<std::string>& known) {
  std::vector<std::string> orphans;
  for (const std::string& directory : {places.applications, places.autostart, places.binaries,
                                       places.dbus_services, places.user_units}) {
    const auto names = sys::list_directory(directory);
    for (const std::string& name : names.value_or(std::vector<std::string>())) {
      const std::string path = format("{}/{}", directory, name);
      if (known.contains(path)) {
        continue;
      }
      const auto contents = sys::read_regular_file(path, kLargestFile);
      if (contents && says_it_is_ours(*contents)) {
        orphans.push_back(path);
      }
    }
  }
  return orphans;
}

}  // namespace devenv::exporting

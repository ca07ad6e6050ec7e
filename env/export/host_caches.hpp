// SPDX-License-Identifier: MIT
// What the host keeps about exported files: its caches are renewed after a change.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/export/host_files.hpp"

namespace devenv::exporting {

/// Which kinds of files were written or removed.
struct ChangedFiles {
  bool applications = false;
  bool icons = false;
  bool mime = false;
};

/// One program to run.
struct CacheCommand {
  std::vector<std::string> argv;  ///< argv[0] is an absolute path
  std::string purpose;            ///< "which programs open a type of file"
};

/// Finds a program in PATH: sys::find_program, or what a test has.
using FindProgram = std::function<std::optional<std::string>(const std::string& name)>;

/// The programs that this host has and needs for the change. A cache of icons is renewed where one
/// is and never made: without one icons are found by looking, while one that is not renewed by all
/// who add icons hides what they add.
std::vector<CacheCommand> cache_commands(const HostPlaces& places,
                                         const ChangedFiles& changed,
                                         const FindProgram& find_program);

/// Renews what has to be. Each program has `time_limit`; what fails is a warning, because desktops
/// find most of it without.
///
/// To be called while mime/packages is still there: when no package is left in it, what was
/// generated has nothing in it, and is removed. The cache of desktop entries (mimeinfo.cache) is
/// left to the ledger.
void renew_caches(const HostPlaces& places,
                  const ChangedFiles& changed,
                  Reporter& reporter,
                  const FindProgram& find_program,
                  std::chrono::milliseconds time_limit = std::chrono::seconds(20));

}  // namespace devenv::exporting

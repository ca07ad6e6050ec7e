// SPDX-License-Identifier: MIT
// Libraries of the host that programs of the image find by name: ldconfig's configuration and
// cache.
#pragma once

#include <string>
#include <vector>

namespace devenv::session {

struct DriverLibraries {
  std::vector<std::string> directories;  ///< inside
  std::vector<std::string> names;        ///< of all libraries, with their directories
};

/// The one file of ours in the image; it says which libraries its cache knows.
constexpr const char* kLibraryConfiguration = "/etc/ld.so.conf.d/00-devenv-nvidia.conf";

/// Its contents. Until the cache is known to be made (`cached`), it says nothing of libraries, so
/// that the next start tries again.
std::string library_configuration(const DriverLibraries& libraries, bool cached);

/// Called in the environment, as the user with all capabilities, after the root was changed: makes
/// the image's own ldconfig, as root inside, with no variables of ours and no more than a few
/// seconds, write its cache. Reads one file when the libraries are those of the last time; without
/// libraries our file is taken away again. Never fails: programs would then not find the driver,
/// which the log says.
void update_library_cache(const DriverLibraries& libraries);

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
// What to type to install something on this host.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::doctor {

/// Source: os-release(5).
struct Distribution {
  std::string id;                 ///< "ubuntu"; "linux" when it is not said
  std::vector<std::string> like;  ///< "debian": closest first
};

Distribution parse_os_release(std::string_view text);

/// Of /etc/os-release, else /usr/lib/os-release. A host without either has the id "linux".
Distribution read_distribution();

/// Things that devenv may lack, whatever the package is called here.
enum class Package { id_helpers, fuse_overlayfs, mmdebstrap };

/// "sudo apt-get install uidmap"; in words where the package manager or the package is not known.
std::string install_hint(const Distribution& distribution, Package package);

}  // namespace devenv::doctor

// SPDX-License-Identifier: MIT
// CDI: what a vendor says a container needs of the host, in a file.
// Source: Container Device Interface, SPEC.md, and `nvidia-ctk cdi generate`, which writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/base/json.hpp"

namespace devenv::host {

/// A file or directory of the host at a path of the container, both absolute, without "..".
struct CdiMount {
  std::string host_path;
  std::string container_path;
};

/// From the hook create-symlinks. Both are absolute paths of the container.
struct CdiLink {
  std::string target;
  std::string path;
};

/// Of all devices together.
struct CdiEdits {
  std::vector<CdiMount> mounts;
  std::vector<CdiLink> links;
  std::vector<std::string> ldcache_folders;  ///< from the hook update-ldcache
  std::vector<std::string> variables;        ///< "NAME=value"
};

/// The kind that concerns us.
constexpr std::string_view kNvidiaKind = "nvidia.com/gpu";

/// "nvidia.com/gpu"; "" when there is none.
std::string cdi_kind(const Json& document);

/// Checks and collects. Device nodes are left out, because the host's are there; so is every hook
/// but these two, and no hook is ever run.
/// Errors: integrity: the format, a path that is relative or has "..", too much of something.
Result<CdiEdits> read_cdi(const Json& document);

}  // namespace devenv::host

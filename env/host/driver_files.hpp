// SPDX-License-Identifier: MIT
// The files that a graphics driver consists of, and what each is for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "env/host/host_tree.hpp"

namespace devenv::host {

enum class DriverFileKind {
  library,
  gbm,    ///< back end of Mesa's libgbm, a library
  vdpau,  ///< a library
  program,
  egl_vendor,     ///< glvnd: JSON
  egl_platform,   ///< external platforms of EGL: JSON
  vulkan_driver,  ///< JSON
  vulkan_layer,   ///< implicit layers: JSON
  opencl,         ///< the name of a library
  run,            ///< a socket, say; `name` is the path below /run
};

struct DriverFile {
  DriverFileKind kind = DriverFileKind::library;
  int bits = 0;          ///< of libraries: 32 or 64
  std::string name;      ///< what it is to be called; one file may have several names
  std::string path;      ///< on the host, all links resolved
  std::string contents;  ///< of JSON

  bool is_library() const { return bits != 0; }
  bool operator==(const DriverFile&) const = default;
};

/// What a path is by its directory and name; nullopt for what nothing in an environment reads.
std::optional<DriverFileKind> driver_file_kind(const std::string& path);

/// A set of files by what they are called: the first of a name stays.
class DriverFiles {
 public:
  explicit DriverFiles(const HostTree& tree) : tree_(tree) {}

  /// Looks at the file `path` of the host and enters it as `name` (for `run` its path inside). A
  /// library is entered also under its soname and the name that linkers look for, which not every
  /// package has links for. false when it is not there or not what it should be.
  bool add(DriverFileKind kind, const std::string& name, const std::string& path);
  /// Another name for a library that is there already, in each of its widths.
  void add_alias(DriverFileKind kind, const std::string& name, const std::string& library);

  bool has_libraries() const;
  /// Sorted by kind, width and name.
  std::vector<DriverFile> release();

 private:
  using Key = std::tuple<DriverFileKind, int, std::string>;

  void enter(DriverFile file);
  bool add_library(DriverFileKind kind, const std::string& name, const std::string& path);

  const HostTree& tree_;
  std::map<Key, DriverFile> files_;
};

}  // namespace devenv::host

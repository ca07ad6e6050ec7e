// SPDX-License-Identifier: MIT
// Several unpacked layers as overlayfs would show them, without mounting anything.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::image {

/// Whether this is the mark for "deleted": a character device 0:0.
bool is_whiteout(const struct stat& info);

/// Opens the directory `path` below `root`; no component may be a link. nullopt when it is not
/// there.
Result<std::optional<sys::UniqueFd>> open_directory_beneath(int root, std::string_view path);

class MergedView {
 public:
  /// Roots of layers, topmost first.
  explicit MergedView(std::vector<int> layers) : layers_(std::move(layers)) {}

  /// Something that is visible.
  struct Found {
    sys::UniqueFd directory;  ///< where it is
    std::string name;         ///< in there
    struct stat info {};
  };
  /// What `path` names, nullopt when there is nothing. The last component is not followed; links
  /// before it are when `follow` says so, inside the view.
  /// Errors: integrity for a chain of links.
  enum class Links { follow, refuse };
  Result<std::optional<Found>> find(const std::string& path, Links links) const;

  /// The names in the root.
  Result<std::vector<std::string>> root_names() const;

 private:
  struct Step;
  Result<Step> find_without_links(const std::string& path) const;

  std::vector<int> layers_;
};

}  // namespace devenv::image

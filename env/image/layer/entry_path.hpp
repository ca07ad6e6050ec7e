// SPDX-License-Identifier: MIT
// Names in a tar, made comparable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "env/base/result.hpp"

namespace devenv::image {

/// Writes `raw` to `path` relative to the layer's root, without empty and "." components: "./a//b/"
/// and
/// "/a/b" become "a/b", the root becomes "".
///
/// Errors: integrity for ".." (no honest layer has one) and for more than `max_bytes`.
Result<void> normalize_path(std::string_view raw, std::size_t max_bytes, std::string& path);

/// The first component of `path`, which is shortened to the rest.
std::string_view take_component(std::string_view& path);

/// A path's directory and last component: "a/b/c" is "a/b" and "c".
struct SplitPath {
  std::string_view parent;
  std::string_view name;
};
SplitPath split_path(std::string_view path);

}  // namespace devenv::image

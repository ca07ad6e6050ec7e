// SPDX-License-Identifier: MIT
#include "env/image/layer/entry_path.hpp"

#include <algorithm>

#include "env/base/format.hpp"

namespace devenv::image {

Result<void> normalize_path(std::string_view raw, std::size_t max_bytes, std::string& path) {
  path.clear();
  if (raw.size() > max_bytes) {
    return fail(ErrorCode::integrity, format("the path is longer than {} bytes", max_bytes));
  }
  while (!raw.empty()) {
    const std::string_view component = take_component(raw);
    if (component.empty() || component == ".") {
      continue;
    }
    if (component == "..") {
      return fail(ErrorCode::integrity, "the path has a '..' component");
    }
    if (!path.empty()) {
      path += '/';
    }
    path += component;
  }
  return {};
}

std::string_view take_component(std::string_view& path) {
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view component = path.substr(0, slash);
  path.remove_prefix(std::min(slash + 1, path.size()));
  return component;
}

SplitPath split_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    return {.parent = {}, .name = path};
  }
  return {.parent = path.substr(0, slash), .name = path.substr(slash + 1)};
}

}  // namespace devenv::image

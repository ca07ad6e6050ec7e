// SPDX-License-Identifier: MIT
#include "env/image/layer/whiteout.hpp"

#include "env/image/layer/entry_path.hpp"

namespace devenv::image {
namespace {

constexpr std::string_view kMetadataPrefix = ".wh..wh.";

ClassifiedPath classify_name(std::string_view name) {
  if (name == kOpaqueMark) {
    return {.meaning = PathMeaning::opaque};
  }
  if (name.starts_with(kMetadataPrefix)) {
    return {.meaning = PathMeaning::ignored};
  }
  if (!name.starts_with(kWhiteoutPrefix)) {
    return {};
  }
  const std::string_view hidden = name.substr(kWhiteoutPrefix.size());
  if (hidden.empty() || hidden == "." || hidden == "..") {
    return {.meaning = PathMeaning::malformed};
  }
  return {.meaning = PathMeaning::whiteout, .hidden = hidden};
}

/// What eStargz adds to a layer for those who fetch single files. Known by name, not by the
/// manifest's annotation: a layer's chain id says what its tree is, and must not depend on which
/// manifest named it. Source: stargz-snapshotter, docs/estargz.md.
bool is_stargz_note(std::string_view path) {
  return path == "stargz.index.json" || path == ".prefetch.landmark" ||
         path == ".no.prefetch.landmark";
}

}  // namespace

ClassifiedPath classify_path(std::string_view path) {
  if (is_stargz_note(path)) {
    return {.meaning = PathMeaning::ignored};
  }
  if (path.find(kWhiteoutPrefix) == std::string_view::npos) {
    return {};  // nearly always
  }
  auto [directories, name] = split_path(path);
  while (!directories.empty()) {
    const std::string_view component = take_component(directories);
    if (component.starts_with(kMetadataPrefix)) {
      return {.meaning = PathMeaning::ignored};
    }
    if (component.starts_with(kWhiteoutPrefix)) {
      return {.meaning = PathMeaning::malformed};
    }
  }
  return classify_name(name);
}

bool is_reserved_name(std::string_view name) {
  return name.starts_with(kWhiteoutPrefix);
}

}  // namespace devenv::image

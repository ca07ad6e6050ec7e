// SPDX-License-Identifier: MIT
#include "env/image/layer/merged_view.hpp"

#include <sys/sysmacros.h>

#include <set>

#include "env/base/format.hpp"
#include "env/image/layer/attributes.hpp"
#include "env/image/layer/entry_path.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"

namespace devenv::image {
namespace {

namespace lean = sys::lean;

constexpr int kMaxLinks = 40;

/// What one layer says about a path.
struct LayerAnswer {
  enum class Kind {
    found,
    link_on_the_way,
    nothing,         ///< ask the layer below
    nothing_at_all,  ///< and what is below is hidden
  };
  Kind kind = Kind::nothing;
  std::optional<MergedView::Found> found;  ///< also the link on the way
  std::string rest;                        ///< of the path behind the link
};

Result<LayerAnswer> ask_layer(int root, const std::string& path) {
  using Kind = LayerAnswer::Kind;
  TRY_ASSIGN(sys::UniqueFd at, sys::duplicate(root));
  Kind absent = Kind::nothing;
  std::string_view left = path;
  while (true) {
    const std::string name(take_component(left));
    TRY_ASSIGN(const auto info, sys::stat_at(at.get(), name));
    if (!info) {
      return LayerAnswer{.kind = absent};
    }
    if (is_whiteout(*info)) {
      return LayerAnswer{.kind = Kind::nothing_at_all};
    }
    if (left.empty() || S_ISLNK(info->st_mode)) {
      return LayerAnswer{
          .kind = left.empty() ? Kind::found : Kind::link_on_the_way,
          .found = MergedView::Found{.directory = std::move(at), .name = name, .info = *info},
          .rest = std::string(left)};
    }
    if (!S_ISDIR(info->st_mode)) {
      return LayerAnswer{.kind = Kind::nothing_at_all};
    }
    auto next = lean::open_directory(at.get(), name.c_str());
    if (!next) {
      return fail_errno(next.error(), "cannot open a directory of a layer");
    }
    at = std::move(*next);
    if (lean::has_xattr(at.get(), kOpaqueAttribute)) {
      absent = Kind::nothing_at_all;
    }
  }
}

/// "usr/lib" and "../bin": "usr/bin". Only links have such targets; the root is its own parent.
std::string resolve_dots(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = take_component(path);
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (!part.empty() && part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  std::string resolved;
  for (const std::string_view part : parts) {
    resolved += resolved.empty() ? "" : "/";
    resolved += part;
  }
  return resolved;
}

}  // namespace

bool is_whiteout(const struct stat& info) {
  return S_ISCHR(info.st_mode) && info.st_rdev == ::makedev(0, 0);
}

Result<std::optional<sys::UniqueFd>> open_directory_beneath(int root, std::string_view path) {
  TRY_ASSIGN(sys::UniqueFd at, sys::duplicate(root));
  while (!path.empty()) {
    const std::string name(take_component(path));
    auto next = lean::open_directory(at.get(), name.c_str());
    if (!next && (next.error() == ENOENT || next.error() == ENOTDIR || next.error() == ELOOP)) {
      return std::nullopt;
    }
    if (!next) {
      return fail_errno(next.error(), "cannot open a directory of a layer");
    }
    at = std::move(*next);
  }
  return std::optional<sys::UniqueFd>(std::move(at));
}

/// The outcome of one pass: found, not found, or where to look instead.
struct MergedView::Step {
  std::optional<Found> found;
  std::optional<std::string> instead;
};

Result<MergedView::Step> MergedView::find_without_links(const std::string& path) const {
  for (const int layer : layers_) {
    TRY_ASSIGN(LayerAnswer answer, ask_layer(layer, path));
    switch (answer.kind) {
      case LayerAnswer::Kind::found:
        return Step{.found = std::move(answer.found)};
      case LayerAnswer::Kind::link_on_the_way: {
        TRY_ASSIGN(const std::string target,
                   sys::read_link_at(answer.found->directory.get(), answer.found->name));
        const std::string link =
            path.substr(0, path.size() - answer.rest.size() - answer.found->name.size() - 1);
        return Step{.instead = (target.starts_with('/') ? "" : link) + target + "/" + answer.rest};
      }
      case LayerAnswer::Kind::nothing_at_all:
        return Step{};
      case LayerAnswer::Kind::nothing:
        break;
    }
  }
  return Step{};
}

Result<std::optional<MergedView::Found>> MergedView::find(const std::string& path,
                                                          Links links) const {
  std::string current = path;
  for (int followed = 0; followed <= kMaxLinks; ++followed) {
    TRY_ASSIGN(Step step, find_without_links(current));
    if (!step.instead) {
      return std::move(step.found);
    }
    if (links == Links::refuse) {
      return std::nullopt;
    }
    current = resolve_dots(*step.instead);
    if (current.empty()) {
      return std::nullopt;
    }
  }
  return fail(ErrorCode::integrity, "too many links on the way");
}

Result<std::vector<std::string>> MergedView::root_names() const {
  std::set<std::string> decided;
  std::vector<std::string> names;
  for (const int layer : layers_) {
    TRY_ASSIGN(const auto in_layer, sys::list_directory(format("/proc/self/fd/{}", layer)));
    for (const std::string& name : in_layer) {
      if (!decided.insert(name).second) {
        continue;
      }
      TRY_ASSIGN(const auto info, sys::stat_at(layer, name));
      if (info && !is_whiteout(*info)) {
        names.push_back(name);
      }
    }
  }
  return names;
}

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
#include "env/build/user_marks.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/host/shares.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::build {
namespace {

constexpr std::array<std::string_view, 6> kAccountFiles = {"passwd",  "group",  "shadow",
                                                           "gshadow", "subuid", "subgid"};
constexpr std::string_view kHostRoot = "/run/host/";
constexpr std::string_view kOursInside = "/run/devenv/";

/// Lines, each as often as it is there.
using LineCounts = std::map<std::string_view, int>;

LineCounts count_lines(std::string_view text) {
  LineCounts counts;
  for (const std::string_view line : text::lines(text)) {
    ++counts[line];
  }
  return counts;
}

/// What `after` has more often than `before`.
LineCounts added(std::string_view before, std::string_view after) {
  LineCounts counts = count_lines(after);
  for (const std::string_view line : text::lines(before)) {
    const auto found = counts.find(line);
    if (found != counts.end() && --found->second == 0) {
      counts.erase(found);
    }
  }
  return counts;
}

std::string with_changes(std::string_view text,
                         LineCounts removed,
                         std::string_view order,
                         LineCounts put_back) {
  std::string result;
  for (const std::string_view line : text::lines(text)) {
    const auto found = removed.find(line);
    if (found != removed.end() && found->second > 0) {
      --found->second;
      continue;
    }
    result += std::string(line) + "\n";
  }
  const std::string kept = result;
  const LineCounts there = count_lines(kept);
  for (const std::string_view line : text::lines(order)) {
    const auto found = put_back.find(line);
    if (found != put_back.end() && found->second > 0 && !there.contains(line)) {
      --found->second;
      result += std::string(line) + "\n";
    }
  }
  return result;
}

std::string copy_of(const Scratch& scratch, std::string_view name) {
  return format("{}/{}", scratch.side_directory(), name);
}

Result<void> remove_if_there(int directory, const std::string& name) {
  auto removed = sys::remove_file_at(directory, name);
  return removed || removed.error().sys_errno() == ENOENT ? Result<void>() : removed;
}

Result<void> clean_account_file(const Scratch& scratch, int upper, std::string_view name) {
  const std::string path = format("/etc/{}", name);
  TRY_ASSIGN(const auto ours, sys::read_file_if_exists(copy_of(scratch, name)));
  TRY_ASSIGN(const auto now, sys::read_file_in_root(upper, path));
  TRY_ASSIGN(const auto etc, sys::open_parent_in_root(upper, path));
  // Copies that useradd and its like make before a change.
  TRY(remove_if_there(etc.directory.get(), std::string(name) + "-"));
  if (!ours || !now) {
    return {};
  }
  TRY_ASSIGN(const auto base, read_in_trees(scratch.layer_trees(), path));
  std::string clean = undo_lines(base.value_or(""), *ours, *now);
  if (clean == base.value_or("")) {
    return remove_if_there(etc.directory.get(), std::string(name));
  }
  return clean == *now ? Result<void>() : sys::write_file_in_root(upper, path, clean);
}

/// Links of ours, whose place the image's own file takes again.
Result<void> remove_links(int upper) {
  for (const host::Share& share : host::all_shares()) {
    for (const std::string_view path : text::split(share.links, ' ')) {
      if (!path.starts_with("/etc/")) {
        continue;
      }
      const auto parent = sys::open_parent_in_root(upper, std::string(path));
      const auto target = parent ? sys::read_link_at(parent->directory.get(), parent->name)
                                 : Result<std::string>(fail(parent.error()));
      if (target && target->starts_with(kHostRoot)) {
        TRY(sys::remove_file_at(parent->directory.get(), parent->name));
      }
    }
  }
  return {};
}

/// What a start puts into every root.
Result<void> remove_own_links(int upper) {
  for (const char* path : {"/usr/local/bin/sudo", "/usr/local/bin/devenv",
                           "/usr/local/bin/host-exec", "/etc/profile.d/devenv.sh"}) {
    const auto parent = sys::open_parent_in_root(upper, path);
    const auto target = parent ? sys::read_link_at(parent->directory.get(), parent->name)
                               : Result<std::string>(fail(parent.error()));
    if (target && target->starts_with(kOursInside)) {
      TRY(sys::remove_file_at(parent->directory.get(), parent->name));
    }
  }
  return {};
}

/// The directory that a home was mounted on, and those above that were made for it. In the root
/// only: the step may have put links there.
Result<void> remove_home(int upper, const std::vector<std::string>& trees, std::string home) {
  while (home.size() > 1) {
    const bool is_images = std::any_of(trees.begin(), trees.end(), [&](const std::string& tree) {
      const auto info = sys::stat_at(AT_FDCWD, tree + home);
      return info && *info;
    });
    const auto parent = sys::open_parent_in_root(upper, home);
    if (is_images || !parent || !sys::remove_directory_at(parent->directory.get(), parent->name)) {
      return {};
    }
    home = sys::parent_of(home);
  }
  return {};
}

}  // namespace

std::vector<std::string_view> account_files() {
  return {kAccountFiles.begin(), kAccountFiles.end()};
}

std::string undo_lines(std::string_view base, std::string_view ours, std::string_view now) {
  if (ours == now) {
    return std::string(base);
  }
  return with_changes(now, added(base, ours), base, added(ours, base));
}

std::string carry_lines(std::string_view below, std::string_view upper, std::string_view above) {
  return with_changes(above, added(upper, below), upper, added(below, upper));
}

Result<std::optional<std::string>> read_in_trees(const std::vector<std::string>& trees,
                                                 const std::string& path) {
  for (const std::string& tree : trees) {
    TRY_ASSIGN(const sys::UniqueFd root, sys::open_file(tree, O_PATH | O_DIRECTORY));
    const auto parent = sys::open_parent_in_root(root.get(), path);
    if (!parent) {
      continue;
    }
    TRY_ASSIGN(const auto info, sys::stat_at(parent->directory.get(), parent->name));
    if (!info) {
      continue;
    }
    return S_ISCHR(info->st_mode) ? Result<std::optional<std::string>>(std::nullopt)
                                  : sys::read_file_in_root(root.get(), path);
  }
  return std::nullopt;
}

Result<void> remember_marks(const Scratch& scratch) {
  return sandbox::run_as_namespace_root(scratch.map(), [&]() -> Result<void> {
    TRY_ASSIGN(const sys::UniqueFd upper,
               sys::open_file(scratch.environment().upper(), O_PATH | O_DIRECTORY));
    for (const std::string_view name : kAccountFiles) {
      TRY_ASSIGN(const auto contents, sys::read_file_in_root(upper.get(), format("/etc/{}", name)));
      if (contents) {
        TRY(sys::replace_file(copy_of(scratch, name), *contents, 0600));
      }
    }
    return {};
  });
}

Result<void> remove_marks(const Scratch& scratch, const std::string& home) {
  return sandbox::run_as_namespace_root(scratch.map(), [&]() -> Result<void> {
    const std::string& directory = scratch.environment().upper();
    TRY_ASSIGN(const sys::UniqueFd upper, sys::open_file(directory, O_PATH | O_DIRECTORY));
    TRY(sys::make_directories_in_root(upper.get(), "/etc"));
    for (const std::string_view name : kAccountFiles) {
      TRY(clean_account_file(scratch, upper.get(), name));
    }
    TRY(remove_links(upper.get()));
    TRY(remove_own_links(upper.get()));
    TRY_ASSIGN(const auto sudoers,
               sys::open_parent_in_root(upper.get(), "/etc/sudoers.d/zz-devenv"));
    TRY(remove_if_there(sudoers.directory.get(), sudoers.name));
    return remove_home(upper.get(), scratch.layer_trees(), home);
  });
}

}  // namespace devenv::build

// SPDX-License-Identifier: MIT
#include "env/build/user_marks.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/build/quiet_directories.hpp"
#include "env/host/shares.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/session/provision.hpp"
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

bool is_in_trees(const std::vector<std::string>& trees, const std::string& path) {
  return std::any_of(trees.begin(), trees.end(), [&](const std::string& tree) {
    const auto info = sys::stat_at(AT_FDCWD, tree + path);
    return info && *info;
  });
}

/// Does something in a directory, whose time stays: what nobody did leaves no trace in a layer.
template <typename Work>
Result<void> keeping_time(int directory, Work work) {
  TRY_ASSIGN(const struct stat info, sys::stat_fd(directory));
  TRY(work());
  return sys::set_modified_at(directory, ".", info.st_mtim);
}

Result<void> remove_if_there(int directory, const std::string& name) {
  TRY_ASSIGN(const auto there, sys::stat_at(directory, name));
  return !there ? Result<void>()
                : keeping_time(directory, [&] { return sys::remove_file_at(directory, name); });
}

Result<void> rewrite(int directory, const std::string& name, const std::string& contents) {
  TRY_ASSIGN(const auto info, sys::stat_at(directory, name));
  return keeping_time(directory, [&]() -> Result<void> {
    TRY(sys::write_file_in_root(directory, "/" + name, contents));
    return info ? sys::set_modified_at(directory, name, info->st_mtim) : Result<void>();
  });
}

/// The file gets back the time that it has in these trees (topmost first).
Result<void> take_time_from(const std::vector<std::string>& trees,
                            const std::string& path,
                            int directory,
                            const std::string& name) {
  for (const std::string& tree : trees) {
    const auto info = sys::stat_at(AT_FDCWD, tree + path);
    if (info && *info) {
      return keeping_time(directory,
                          [&] { return sys::set_modified_at(directory, name, (*info)->st_mtim); });
    }
  }
  return {};
}

/// The login shell that the user has; "" where there is no such user.
std::string shell_of(std::string_view passwd, const std::string& user) {
  for (const std::string_view line : text::lines(passwd)) {
    if (line.starts_with(user + ":")) {
      return std::string(line.substr(line.rfind(':') + 1));
    }
  }
  return "";
}

/// The account files below, and as a start makes them.
struct Accounts {
  session::NamedFiles below;
  session::NamedFiles ours;
};

Result<Accounts> accounts_of(const MarkedTree& tree,
                             int upper,
                             const instance::Workspace& workspace,
                             const sandbox::IdMap& map) {
  Accounts accounts;
  for (const std::string_view name : kAccountFiles) {
    TRY_ASSIGN(auto contents, read_in_trees(tree.below, format("/etc/{}", name)));
    if (contents) {
      accounts.below.emplace(name, *std::move(contents));
    }
  }
  const sys::User& user = workspace.user;
  TRY_ASSIGN(const auto passwd, sys::read_file_in_root(upper, "/etc/passwd"));
  TRY_ASSIGN(accounts.ours, session::with_user(accounts.below, user, sys::group_name(user),
                                               shell_of(passwd.value_or(""), user.name), map));
  return accounts;
}

Result<void> clean_account_file(const MarkedTree& tree,
                                const Accounts& accounts,
                                int upper,
                                const std::string& name) {
  const std::string path = "/etc/" + name;
  TRY_ASSIGN(const auto now, sys::read_file_in_root(upper, path));
  TRY_ASSIGN(const auto etc, sys::open_parent_in_root(upper, path));
  // Copies that useradd and its like make before a change.
  TRY(remove_if_there(etc.directory.get(), name + "-"));
  const auto ours = accounts.ours.find(name);
  if (ours == accounts.ours.end() || !now) {
    return {};
  }
  const auto found = accounts.below.find(name);
  const std::string below = found == accounts.below.end() ? "" : found->second;
  const std::string clean = undo_lines(below, ours->second, *now);
  const bool shows_through = !tree.whole || found == accounts.below.end();
  if (clean == below && shows_through) {
    return remove_if_there(etc.directory.get(), name);
  }
  if (clean == *now) {
    return {};
  }
  TRY(rewrite(etc.directory.get(), name, clean));
  return clean == below ? take_time_from(tree.below, path, etc.directory.get(), name)
                        : Result<void>();
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
        TRY(remove_if_there(parent->directory.get(), parent->name));
      }
    }
  }
  return {};
}

/// Made where the image has none; always the same.
Result<void> remove_mount_table(int upper, const std::vector<std::string>& trees) {
  if (is_in_trees(trees, "/etc/mtab")) {
    return {};
  }
  const auto parent = sys::open_parent_in_root(upper, "/etc/mtab");
  const auto target = parent ? sys::read_link_at(parent->directory.get(), parent->name)
                             : Result<std::string>(fail(parent.error()));
  return target && *target == "../proc/self/mounts"
             ? remove_if_there(parent->directory.get(), parent->name)
             : Result<void>();
}

/// What a start puts into every root.
Result<void> remove_own_links(int upper) {
  for (const char* path : {"/usr/local/bin/sudo", "/usr/local/bin/devenv",
                           "/usr/local/bin/host-exec", "/etc/profile.d/devenv.sh"}) {
    const auto parent = sys::open_parent_in_root(upper, path);
    const auto target = parent ? sys::read_link_at(parent->directory.get(), parent->name)
                               : Result<std::string>(fail(parent.error()));
    if (target && target->starts_with(kOursInside)) {
      TRY(remove_if_there(parent->directory.get(), parent->name));
    }
  }
  return {};
}

/// The directory that something of the user's was mounted on, and those above that were made for
/// it. In the root only: the step may have put links there.
Result<void> remove_mount_point(int upper,
                                const std::vector<std::string>& trees,
                                std::string path) {
  while (path.starts_with('/') && path.size() > 1) {
    const bool is_images = is_in_trees(trees, path);
    const auto parent = sys::open_parent_in_root(upper, path);
    const auto removed = is_images || !parent
                             ? Result<void>(fail(ErrorCode::conflict, "it is not ours"))
                             : remove_bare_directory(parent->directory.get(), parent->name);
    if (!removed) {
      return {};
    }
    path = sys::parent_of(path);
  }
  return {};
}

/// In which starts make files; deeper ones first.
std::vector<std::string> touched_directories(const std::string& home) {
  std::vector<std::string> paths = {"etc/profile.d", "etc/sudoers.d", "etc", "usr/local/bin",
                                    "usr/local",     "usr",           "dev", "media",
                                    "mnt",           "proc",          "run", "sys",
                                    "tmp",           "var/tmp",       "var"};
  for (std::string path = sys::parent_of(home); path.size() > 1; path = sys::parent_of(path)) {
    paths.push_back(path.substr(1));
  }
  paths.emplace_back(".");
  return paths;
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

Result<void> remove_marks(const MarkedTree& tree, const instance::Workspace& workspace) {
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  return sandbox::run_as_namespace_root(map, [&]() -> Result<void> {
    TRY_ASSIGN(const sys::UniqueFd upper, sys::open_file(tree.upper, O_PATH | O_DIRECTORY));
    TRY_ASSIGN(const auto etc, sys::stat_at(upper.get(), "etc"));
    if (etc && S_ISDIR(etc->st_mode)) {  // or it was never started
      TRY_ASSIGN(const Accounts accounts, accounts_of(tree, upper.get(), workspace, map));
      for (const std::string_view name : kAccountFiles) {
        TRY(clean_account_file(tree, accounts, upper.get(), std::string(name)));
      }
      TRY(remove_links(upper.get()));
    }
    TRY(remove_own_links(upper.get()));
    TRY(remove_mount_table(upper.get(), tree.below));
    const auto sudoers = sys::open_parent_in_root(upper.get(), "/etc/sudoers.d/zz-devenv");
    if (sudoers) {
      TRY(remove_if_there(sudoers->directory.get(), sudoers->name));
    } else if (sudoers.error().code() != ErrorCode::not_found) {
      return fail(sudoers.error());
    }
    TRY(remove_mount_point(upper.get(), tree.below, workspace.user.home));
    return quiet_directories(tree, touched_directories(workspace.user.home));
  });
}

}  // namespace devenv::build

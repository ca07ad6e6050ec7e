// SPDX-License-Identifier: MIT
#include "env/build/quiet_directories.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::build {
namespace {

namespace lean = sys::lean;

bool is_older(const timespec& a, const timespec& b) {
  return std::pair(a.tv_sec, a.tv_nsec) < std::pair(b.tv_sec, b.tv_nsec);
}

struct Directory {
  sys::UniqueFd fd;
  struct stat info {};
};

/// nullopt when it is something else, or not there.
std::optional<Directory> open_directory(int root, const std::string& path) {
  Directory directory;
  if (path == ".") {
    auto opened = lean::open_directory(root, ".");
    if (!opened) {
      return std::nullopt;
    }
    directory.fd = std::move(*opened);
  } else {
    const auto parent = sys::open_parent_in_root(root, "/" + path);
    auto opened = parent ? lean::open_directory(parent->directory.get(), parent->name.c_str())
                         : tl::unexpected<lean::Errno>(ENOENT);
    if (!opened) {
      return std::nullopt;
    }
    directory.fd = std::move(*opened);
  }
  if (lean::look_at(directory.fd.get(), directory.info) != 0) {
    return std::nullopt;
  }
  return directory;
}

/// That fuse-overlayfs makes in an opaque directory, and in every new one.
bool is_opaque_mark(const std::string& name) {
  return name == ".wh..wh..opq" || name == ".wh..opq";
}

bool is_opaque(int directory) {
  struct stat info {};
  return lean::has_xattr(directory, "user.overlay.opaque") ||
         lean::has_xattr(directory, "user.fuseoverlayfs.opaque") ||
         lean::look_at(directory, ".wh..wh..opq", info) == 0;
}

/// Whether the tree shows nothing of those below at the path, which it does not have itself: a
/// directory on the way is opaque, or no directory.
bool hides_below(int root, std::string path) {
  for (path = sys::parent_of("/" + path); path.size() > 1; path = sys::parent_of(path)) {
    const auto parent = sys::open_parent_in_root(root, path);
    struct stat info {};
    if (!parent || lean::look_at(parent->directory.get(), parent->name.c_str(), info) != 0) {
      continue;
    }
    const auto directory = lean::open_directory(parent->directory.get(), parent->name.c_str());
    if (!directory || is_opaque(directory->get())) {
      return true;
    }
  }
  return false;
}

/// What the layers have at a path.
struct Below {
  std::optional<Directory> visible;
  bool anything = false;  ///< also where it is hidden
};

Below find_below(const std::vector<std::string>& trees, const std::string& path) {
  Below below;
  bool hidden = false;
  for (const std::string& tree : trees) {
    const auto root = sys::open_file(tree, O_PATH | O_DIRECTORY);
    if (!root) {
      continue;
    }
    auto directory = open_directory(root->get(), path);
    const auto parent = path == "." ? Result<sys::ParentInRoot>(fail(ErrorCode::not_found, ""))
                                    : sys::open_parent_in_root(root->get(), "/" + path);
    struct stat info {};
    const bool is_there = directory || (parent && lean::look_at(parent->directory.get(),
                                                                parent->name.c_str(), info) == 0);
    below.anything = below.anything || is_there;
    if (directory && !hidden && !below.visible) {
      below.visible = std::move(directory);
    }
    hidden = hidden || is_there || hides_below(root->get(), path);
  }
  return below;
}

/// But for what overlay file systems note for themselves.
Result<std::vector<std::pair<std::string, std::string>>> attributes_of(int fd) {
  std::vector<std::pair<std::string, std::string>> attributes;
  TRY_ASSIGN(const auto names, lean::xattr_names(fd));
  for (const std::string& name : names) {
    if (!name.starts_with("user.overlay.") && !name.starts_with("user.fuseoverlayfs.") &&
        name != "security.selinux") {
      TRY_ASSIGN(std::string value, lean::xattr_value(fd, name.c_str()));
      attributes.emplace_back(name, std::move(value));
    }
  }
  return attributes;
}

Result<bool> looks_same(const Directory& a, const Directory& b) {
  if (a.info.st_mode != b.info.st_mode || a.info.st_uid != b.info.st_uid ||
      a.info.st_gid != b.info.st_gid) {
    return false;
  }
  TRY_ASSIGN(const auto attributes, attributes_of(a.fd.get()));
  TRY_ASSIGN(const auto others, attributes_of(b.fd.get()));
  return attributes == others;
}

/// Whether it is as a start makes it, where there is none.
Result<bool> looks_like_ours(const Directory& directory, const std::string& path) {
  constexpr std::array<std::string_view, 11> kMade = {
      "etc/sudoers.d", "usr/local/bin", "usr/local", "usr", "dev", "media",
      "mnt",           "proc",          "run",       "sys", "tmp"};
  const mode_t mode = path == "etc/sudoers.d" ? 0750 : 0755;
  if (std::find(kMade.begin(), kMade.end(), path) == kMade.end() ||
      (directory.info.st_mode & 07777U) != mode || directory.info.st_uid != 0 ||
      directory.info.st_gid != 0) {
    return false;
  }
  TRY_ASSIGN(const auto attributes, attributes_of(directory.fd.get()));
  return attributes.empty();
}

/// Of an empty directory: whether the next start would show the same without it.
Result<bool> says_nothing(int upper,
                          const MarkedTree& tree,
                          const std::string& path,
                          const Directory& directory,
                          const Below& below) {
  if (!below.anything) {
    return looks_like_ours(directory, path);
  }
  if (tree.whole || !below.visible || is_opaque(directory.fd.get()) || hides_below(upper, path)) {
    return false;
  }
  return looks_same(directory, *below.visible);
}

Result<void> quiet(int upper, const MarkedTree& tree, const std::string& path) {
  const auto directory = open_directory(upper, path);
  if (!directory) {
    return {};
  }
  const Below below = find_below(tree.below, path);
  TRY_ASSIGN(auto names, lean::list_names(directory->fd.get()));
  std::erase_if(names, [](const auto& listed) { return is_opaque_mark(listed.name); });
  if (names.empty() && path != ".") {
    TRY_ASSIGN(const bool superfluous, says_nothing(upper, tree, path, *directory, below));
    if (superfluous) {
      TRY_ASSIGN(const auto parent, sys::open_parent_in_root(upper, "/" + path));
      return remove_bare_directory(parent.directory.get(), parent.name);
    }
  }
  if (names.empty() && (!below.visible || is_opaque(directory->fd.get()))) {
    return {};  // somebody's own, with its own time
  }
  timespec newest = below.visible ? below.visible->info.st_mtim : timespec{};
  for (const auto& [name, kind] : names) {
    struct stat info {};
    // Of a deleted file a layer keeps no time.
    if (kind != S_IFCHR && lean::look_at(directory->fd.get(), name.c_str(), info) == 0 &&
        !S_ISCHR(info.st_mode) && is_older(newest, info.st_mtim)) {
      newest = info.st_mtim;
    }
  }
  return is_older(newest, directory->info.st_mtim)
             ? sys::set_modified_at(directory->fd.get(), ".", newest)
             : Result<void>();
}

}  // namespace

Result<void> quiet_directories(const MarkedTree& tree, const std::vector<std::string>& paths) {
  TRY_ASSIGN(const sys::UniqueFd root, sys::open_file(tree.upper, O_RDONLY | O_DIRECTORY));
  for (const std::string& path : paths) {
    TRY(quiet(root.get(), tree, path));
  }
  return {};
}

Result<void> remove_bare_directory(int parent, const std::string& name) {
  TRY_ASSIGN(const struct stat info, sys::stat_fd(parent));
  if (const auto directory = lean::open_directory(parent, name.c_str())) {
    TRY_ASSIGN(const auto names, lean::list_names(directory->get()));
    const bool is_bare = std::all_of(
        names.begin(), names.end(), [](const auto& listed) { return is_opaque_mark(listed.name); });
    for (const auto& [mark, kind] : names) {
      TRY(is_bare ? sys::remove_file_at(directory->get(), mark) : Result<void>());
    }
  }
  TRY(sys::remove_directory_at(parent, name));
  return sys::set_modified_at(parent, ".", info.st_mtim);
}

}  // namespace devenv::build

// SPDX-License-Identifier: MIT
#include "env/sandbox/flatten.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <set>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/layer_fds.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/unique_fd.hpp"
#include "env/sys/xattr.hpp"

namespace devenv::sandbox {
namespace {

constexpr const char* kOpaque = "user.overlay.opaque";

bool is_whiteout(const struct stat& info) {
  return S_ISCHR(info.st_mode) && info.st_rdev == 0;
}

/// What becomes of whiteouts and of the attributes of overlay file systems.
enum class Marks { obey, copy };

/// Labels of the host are not part of an image, and marks not of what they stand for.
bool is_copied_attribute(std::string_view name, Marks marks) {
  if (marks == Marks::copy) {
    return name.starts_with("user.") || name.starts_with("system.posix_acl_") ||
           name == "security.capability";
  }
  return !name.starts_with("user.overlay.") && !name.starts_with("trusted.overlay.") &&
         !name.starts_with("user.fuseoverlayfs.") && name != "security.selinux";
}

std::string child_path(const std::string& directory, const std::string& name) {
  return directory == "." ? name : directory + "/" + name;
}

/// A file as the topmost layer that has it shows it.
struct Found {
  std::size_t layer;
  struct stat info;
};

/// Walks all layers at once, so that nothing is copied that a layer above replaces. Directories are
/// opened by their path below a layer's root: the depth of an image costs no descriptors.
class Flattener {
 public:
  Flattener(std::vector<sys::UniqueFd> layers, sys::UniqueFd target, Marks marks)
      : layers_(std::move(layers)), target_(std::move(target)), marks_(marks) {}

  Result<void> run() {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      all.push_back(i);
    }
    return merge_directory(".", all);
  }

 private:
  using Levels = std::vector<std::size_t>;  ///< layers with a directory, topmost first

  /// Fills target/`path`, which exists, from that directory in each of `levels`.
  Result<void> merge_directory(const std::string& path, const Levels& levels) {
    std::map<std::string, Found> files;
    std::map<std::string, Levels> directories;
    std::set<std::string> hidden;  // whatever layers below have under this name
    for (const std::size_t layer : levels) {
      TRY(collect(layer, path, files, directories, hidden));
      TRY_ASSIGN(const bool opaque, is_opaque(layer, path));
      if (opaque) {
        break;
      }
    }
    for (const auto& [name, found] : files) {
      TRY_CONTEXT(copy_file(child_path(path, name), found),
                  format("cannot copy '{}'", text::sanitize(child_path(path, name))));
    }
    for (const auto& [name, levels_below] : directories) {
      const std::string below = child_path(path, name);
      TRY(sys::make_directory_at(target_.get(), below, 0700));
      TRY(merge_directory(below, levels_below));
    }
    // Last, because what was made inside has changed the time.
    TRY_ASSIGN(const auto info, sys::stat_at(layers_[levels.front()].get(), path));
    return info ? copy_metadata(path, Found{levels.front(), *info}) : Result<void>();
  }

  Result<void> collect(std::size_t layer,
                       const std::string& path,
                       std::map<std::string, Found>& files,
                       std::map<std::string, Levels>& directories,
                       std::set<std::string>& hidden) const {
    TRY_ASSIGN(const sys::UniqueFd fd,
               sys::open_at(layers_[layer].get(), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY_ASSIGN(const auto names, sys::list_directory(fd_path(fd.get())));
    std::vector<std::string> newly_hidden;
    for (const std::string& name : names) {
      if (hidden.contains(name)) {
        continue;
      }
      TRY_ASSIGN(const auto info, sys::stat_at(fd.get(), name));
      if (info && S_ISDIR(info->st_mode)) {
        directories[name].push_back(layer);
        continue;
      }
      newly_hidden.push_back(name);
      const bool shown = info && (marks_ == Marks::copy || !is_whiteout(*info));
      if (shown && !directories.contains(name)) {
        files.emplace(name, Found{layer, *info});
      }
    }
    hidden.insert(newly_hidden.begin(), newly_hidden.end());
    return {};
  }

  Result<bool> is_opaque(std::size_t layer, const std::string& path) const {
    TRY_ASSIGN(const auto mark, sys::get_xattr_at(layers_[layer].get(), path, kOpaque));
    return mark == "y";
  }

  Result<void> copy_file(const std::string& path, const Found& found) {
    const int layer = layers_[found.layer].get();
    const auto inode = std::make_pair(found.info.st_dev, found.info.st_ino);
    if (found.info.st_nlink > 1) {
      if (const auto first = linked_.find(inode); first != linked_.end()) {
        return sys::make_hard_link_at(target_.get(), first->second, target_.get(), path);
      }
    }
    if (S_ISREG(found.info.st_mode)) {
      TRY_ASSIGN(const sys::UniqueFd from,
                 sys::open_at(layer, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
      TRY_ASSIGN(const sys::UniqueFd to,
                 sys::open_at(target_.get(), path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
      TRY(sys::copy_contents(from.get(), to.get()));
    } else if (S_ISLNK(found.info.st_mode)) {
      TRY_ASSIGN(const std::string target, sys::read_link_at(layer, path));
      TRY(sys::make_symlink_at(target_.get(), path, target));
    } else if (S_ISFIFO(found.info.st_mode)) {
      TRY(sys::make_node_at(target_.get(), path, S_IFIFO | 0600U, 0));
    } else if (is_whiteout(found.info)) {
      TRY(sys::make_node_at(target_.get(), path, S_IFCHR, 0));
    } else {
      return {};  // no user namespace may make devices, and a socket without its server is nothing
    }
    if (found.info.st_nlink > 1) {
      linked_.emplace(inode, path);
    }
    return copy_metadata(path, found);
  }

  /// The owner first, because it takes setuid bits and capabilities away; the time last.
  Result<void> copy_metadata(const std::string& path, const Found& found) const {
    const int layer = layers_[found.layer].get();
    const int target = target_.get();
    TRY(sys::set_owner_at(target, path, found.info.st_uid, found.info.st_gid));
    const bool is_link = S_ISLNK(found.info.st_mode);
    if (!is_link) {
      TRY(sys::set_mode_at(target, path, found.info.st_mode & 07777U));
    }
    TRY_ASSIGN(const auto names, sys::list_xattrs_at(layer, path));
    for (const std::string& name : names) {
      if (!is_copied_attribute(name, marks_)) {
        continue;
      }
      TRY_ASSIGN(const auto value, sys::get_xattr_at(layer, path, name));
      if (value) {
        TRY(sys::set_xattr_at(target, path, name, *value));
      }
    }
    return sys::set_modified_at(target, path, found.info.st_mtim);
  }

  std::vector<sys::UniqueFd> layers_;
  sys::UniqueFd target_;
  Marks marks_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  ///< first name in the target
};

Result<void> flatten(const std::vector<std::string>& layers,
                     const std::string& target,
                     Marks marks) {
  std::vector<sys::UniqueFd> fds;
  for (const std::string& layer : layers) {
    TRY_ASSIGN(sys::UniqueFd fd, sys::open_file(layer, O_PATH | O_DIRECTORY));
    fds.push_back(std::move(fd));
  }
  TRY_ASSIGN(sys::UniqueFd target_fd, sys::open_file(target, O_PATH | O_DIRECTORY));
  return Flattener(std::move(fds), std::move(target_fd), marks).run();
}

}  // namespace

Result<void> flatten_layers(const std::vector<std::string>& layers, const std::string& target) {
  return flatten(layers, target, Marks::obey);
}

Result<void> copy_tree(const std::string& tree, const std::string& target) {
  return flatten(std::vector<std::string>{tree}, target, Marks::copy);
}

}  // namespace devenv::sandbox

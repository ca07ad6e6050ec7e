// SPDX-License-Identifier: MIT
#include "env/sandbox/flatten.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <set>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"
#include "env/sys/poll.hpp"
#include "env/sys/unique_fd.hpp"
#include "env/sys/xattr.hpp"

namespace devenv::sandbox {
namespace {

namespace lean = sys::lean;

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

/// The kind of what a name stands for is all that has to be known while layers are compared.
struct Found {
  std::size_t level;  ///< the topmost that has it
  struct stat info;
};

/// Walks all layers at once, so that nothing is copied that a layer above replaces. Directories are
/// opened by their path below a layer's root and closed before those in them are: it is the number
/// of layers that costs descriptors, not the depth of an image.
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
    std::map<std::string, Levels> directories;
    TRY(copy_files(path, levels, directories));
    for (const auto& [name, levels_below] : directories) {
      const std::string below = child_path(path, name);
      TRY(sys::make_directory_at(target_.get(), below, 0700));
      TRY(merge_directory(below, levels_below));
    }
    // Last, because what was made inside has changed the time.
    TRY_ASSIGN(const sys::UniqueFd from, open_directory(layers_[levels.front()].get(), path));
    TRY_ASSIGN(const sys::UniqueFd to, open_directory(target_.get(), path));
    TRY_ASSIGN(const struct stat info, sys::stat_fd(from.get()));
    TRY_CONTEXT(copy_metadata(from.get(), to.get(), info),
                format("cannot copy '{}'", text::sanitize(path)));
    return {};
  }

  static Result<sys::UniqueFd> open_directory(int root, const std::string& path) {
    return sys::open_at(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }

  /// All of the directory but the directories in it, which are told.
  Result<void> copy_files(const std::string& path,
                          const Levels& levels,
                          std::map<std::string, Levels>& directories) {
    std::vector<sys::UniqueFd> opened;
    std::map<std::string, Found> files;
    std::set<std::string> hidden;  // whatever layers below have under this name
    for (const std::size_t layer : levels) {
      TRY_ASSIGN(sys::UniqueFd fd, open_directory(layers_[layer].get(), path));
      opened.push_back(std::move(fd));
      TRY(collect(layer, opened, files, directories, hidden));
      if (is_opaque(opened.back().get())) {
        break;
      }
    }
    TRY_ASSIGN(const sys::UniqueFd target, open_directory(target_.get(), path));
    for (const auto& [name, found] : files) {
      const std::string file = child_path(path, name);
      TRY_CONTEXT(copy_or_link(opened[found.level].get(), target.get(), name, found.info, file),
                  format("cannot copy '{}'", text::sanitize(file)));
    }
    return {};
  }

  /// What the last of the opened directories adds.
  Result<void> collect(std::size_t layer,
                       const std::vector<sys::UniqueFd>& opened,
                       std::map<std::string, Found>& files,
                       std::map<std::string, Levels>& directories,
                       std::set<std::string>& hidden) const {
    const int fd = opened.back().get();
    TRY_ASSIGN(const auto names, lean::list_names(fd));
    std::vector<std::string> newly_hidden;
    for (const auto& [name, kind] : names) {
      if (hidden.contains(name)) {
        continue;
      }
      struct stat info {};
      if (kind != S_IFDIR) {
        if (const int error = lean::look_at(fd, name.c_str(), info); error != 0) {
          return fail_errno(error, format("cannot look at '{}'", text::sanitize(name)));
        }
      }
      if (kind == S_IFDIR || S_ISDIR(info.st_mode)) {
        directories[name].push_back(layer);
        continue;
      }
      newly_hidden.push_back(name);
      const bool shown = marks_ == Marks::copy || !is_whiteout(info);
      if (shown && !directories.contains(name)) {
        files.emplace(name, Found{opened.size() - 1, info});
      }
    }
    hidden.insert(newly_hidden.begin(), newly_hidden.end());
    return {};
  }

  static bool is_opaque(int directory) {
    const auto mark = lean::has_xattr(directory, kOpaque) ? lean::xattr_value(directory, kOpaque)
                                                          : Result<std::string>("");
    return mark && *mark == "y";
  }

  Result<void> copy_or_link(
      int from, int to, const std::string& name, const struct stat& info, const std::string& path) {
    const auto inode = std::make_pair(info.st_dev, info.st_ino);
    if (info.st_nlink > 1) {
      if (const auto first = linked_.find(inode); first != linked_.end()) {
        return sys::make_hard_link_at(target_.get(), first->second, to, name);
      }
    }
    TRY_ASSIGN(const bool copied, copy(from, to, name, info));
    if (copied && info.st_nlink > 1) {
      linked_.emplace(inode, path);
    }
    return {};
  }

  /// Whether it was copied.
  Result<bool> copy(int from, int to, const std::string& name, const struct stat& info) const {
    if (S_ISREG(info.st_mode)) {
      TRY(copy_file(from, to, name.c_str(), info));
    } else if (S_ISLNK(info.st_mode)) {
      TRY_ASSIGN(const std::string target, sys::read_link_at(from, name));
      TRY(sys::make_symlink_at(to, name, target));
      TRY(copy_owner_and_time(to, name, info));
    } else if (S_ISFIFO(info.st_mode) || is_whiteout(info)) {
      TRY(sys::make_node_at(to, name, (info.st_mode & S_IFMT) | 0600U, 0));
      TRY(copy_owner_and_time(to, name, info));
    } else {
      return false;  // no user namespace may make devices; a socket without its server is nothing
    }
    return true;
  }

  Result<void> copy_file(int from, int to, const char* name, const struct stat& info) const {
    const auto source = lean::open_to_read(from, name);
    if (!source) {
      return fail_errno(source.error(), "cannot open it");
    }
    const auto copy = lean::create_file(to, name, 0600);
    if (!copy) {
      return fail_errno(copy.error(), "cannot make it");
    }
    TRY(sys::copy_contents(source->get(), copy->get()));
    return copy_metadata(source->get(), copy->get(), info);
  }

  /// Of what cannot be opened, and has no attributes that an image keeps.
  static Result<void> copy_owner_and_time(int to,
                                          const std::string& name,
                                          const struct stat& info) {
    TRY(sys::set_owner_at(to, name, info.st_uid, info.st_gid));
    if (!S_ISLNK(info.st_mode)) {
      TRY(sys::set_mode_at(to, name, info.st_mode & 07777U));
    }
    return sys::set_modified_at(to, name, info.st_mtim);
  }

  /// The owner first, because it takes setuid bits and capabilities away; the time last.
  Result<void> copy_metadata(int from, int to, const struct stat& info) const {
    if (const int error = lean::set_owner(to, info.st_uid, info.st_gid); error != 0) {
      return fail_errno(error, format("cannot give it to {}:{}", info.st_uid, info.st_gid));
    }
    if (const int error = lean::set_mode(to, info.st_mode & 07777U); error != 0) {
      return fail_errno(error, "cannot set its mode");
    }
    TRY_ASSIGN(const auto names, lean::xattr_names(from));
    for (const std::string& name : names) {
      if (is_copied_attribute(name, marks_)) {
        TRY_ASSIGN(const std::string value, lean::xattr_value(from, name.c_str()));
        TRY(sys::set_xattr(to, name, value));
      }
    }
    const int error = lean::set_times(to, info.st_mtim);
    return error == 0 ? Result<void>() : fail_errno(error, "cannot set its time");
  }

  std::vector<sys::UniqueFd> layers_;
  sys::UniqueFd target_;
  Marks marks_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  ///< first path in the target
};

Result<void> flatten(const std::vector<std::string>& layers,
                     const std::string& target,
                     Marks marks) {
  sys::raise_open_file_limit();  // twice as many as there are layers, at times
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

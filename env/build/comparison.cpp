// SPDX-License-Identifier: MIT
#include "env/build/comparison.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "env/base/text.hpp"
#include "env/build/user_marks.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/xattr.hpp"

namespace devenv::build {
namespace {

constexpr mode_t kPermissions = 07777;

/// Written as programs run: both sides may have them, and the environment's own stay.
constexpr std::array<std::string_view, 7> kVolatile = {
    "var/log/", "var/cache/", "var/tmp/", "tmp/", "run/", "root/.cache/", "var/lib/apt/lists/"};
/// Made anew by a start or by the next program that needs them: those of the layers are the better
/// ones.
constexpr std::array<std::string_view, 8> kMadeAnew = {
    "etc/ld.so.cache", "etc/.pwd.lock", "etc/passwd-", "etc/group-",
    "etc/shadow-",     "etc/gshadow-",  "etc/subuid-", "etc/subgid-"};

bool is_volatile(std::string_view path) {
  return std::any_of(kVolatile.begin(), kVolatile.end(),
                     [&](std::string_view prefix) { return path.starts_with(prefix); });
}

bool is_made_anew(std::string_view path) {
  return std::find(kMadeAnew.begin(), kMadeAnew.end(), path) != kMadeAnew.end();
}

bool is_account_file(std::string_view path) {
  const auto files = account_files();
  return path.starts_with("etc/") &&
         std::find(files.begin(), files.end(), path.substr(4)) != files.end();
}

/// Both overlays' ways to say "nothing from below".
Result<bool> is_opaque(int directory) {
  for (const char* name : {"user.overlay.opaque", "user.fuseoverlayfs.opaque"}) {
    TRY_ASSIGN(const auto value, sys::get_xattr_at(directory, ".", name));
    if (value && *value == "y") {
      return true;
    }
  }
  TRY_ASSIGN(const auto mark, sys::stat_at(directory, ".wh..wh..opq"));
  return mark.has_value();
}

/// Two files of the same contents, or links to the same.
Result<bool> are_same(int one, int other, const std::string& path, const struct stat& info) {
  if (S_ISLNK(info.st_mode)) {
    TRY_ASSIGN(const std::string target, sys::read_link_at(one, path));
    const auto second = sys::read_link_at(other, path);
    return second && *second == target;
  }
  TRY_ASSIGN(const auto second_info, sys::stat_at(other, path));
  constexpr off_t kLargest = 1024 * 1024;
  if (!S_ISREG(info.st_mode) || !second_info || !S_ISREG(second_info->st_mode) ||
      second_info->st_size != info.st_size || info.st_size > kLargest) {
    return false;
  }
  TRY_ASSIGN(const sys::UniqueFd first_file, sys::open_at(one, path, O_RDONLY | O_NOFOLLOW));
  TRY_ASSIGN(const sys::UniqueFd second_file, sys::open_at(other, path, O_RDONLY | O_NOFOLLOW));
  TRY_ASSIGN(const std::string first, sys::read_all(first_file.get()));
  TRY_ASSIGN(const std::string second, sys::read_all(second_file.get()));
  return first == second;
}

using Trees = std::vector<sys::UniqueFd>;  ///< topmost first

Result<Trees> open_trees(const std::vector<std::string>& paths) {
  Trees trees;
  for (const std::string& path : paths) {
    TRY_ASSIGN(sys::UniqueFd fd, sys::open_file(path, O_PATH | O_DIRECTORY));
    trees.push_back(std::move(fd));
  }
  return trees;
}

/// What is in `upper` and also in layers that come or go.
class Walk {
 public:
  /// `layers` are those that come or go, `before` and `after` all that lie below then and now.
  Walk(int upper, Trees layers, Trees before, Trees after)
      : upper_(upper),
        layers_(std::move(layers)),
        before_(std::move(before)),
        after_(std::move(after)) {}

  Result<Comparison> run() {
    TRY(walk(""));
    return std::move(found_);
  }

 private:
  Result<void> walk(const std::string& directory) {
    TRY_ASSIGN(sys::UniqueFd fd, sys::open_at(upper_, directory.empty() ? "." : directory,
                                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY_ASSIGN(const bool opaque, directory.empty() ? Result<bool>(false) : is_opaque(fd.get()));
    if (opaque && is_in_layers(directory)) {
      found_.conflicts.push_back(directory);
      return {};
    }
    TRY_ASSIGN(const auto names, sys::list_directory(std::move(fd)));
    for (const std::string& name : names) {
      TRY(compare(directory.empty() ? name : directory + "/" + name));
    }
    return {};
  }

  Result<void> compare(const std::string& entry) {
    TRY_ASSIGN(const auto info, sys::stat_at(upper_, entry));
    if (!info) {
      return {};
    }
    const std::string path = without_mark(entry);
    if (S_ISDIR(info->st_mode)) {
      if (is_file_in_layers(path)) {
        found_.conflicts.push_back(path);
        return {};
      }
      compare_directory(path, *info);
      return walk(path);
    }
    for (const sys::UniqueFd& layer : layers_) {
      TRY_ASSIGN(const auto other, sys::stat_at(layer.get(), path));
      if (!other) {
        continue;
      }
      TRY_ASSIGN(const bool same, are_same(upper_, layer.get(), path, *info));
      if (!same) {
        TRY_ASSIGN(const bool unchanged, is_same_below(path));
        if (!unchanged) {
          judge(path);
        }
        return {};
      }
    }
    return {};
  }

  /// A copy made by overlayfs for what is in it shows the mode and owner of the layers it came
  /// from.
  void compare_directory(const std::string& path, const struct stat& own) {
    const auto old_tree = find(before_, path);
    const auto new_tree = find(after_, path);
    if (old_tree == before_.end() || new_tree == after_.end()) {
      return;
    }
    const auto old_info = sys::stat_at(old_tree->get(), path);
    const auto new_info = sys::stat_at(new_tree->get(), path);
    const bool are_there = old_info && *old_info && new_info && *new_info;
    if (are_there && S_ISDIR((*new_info)->st_mode) && has_access_of(own, **old_info) &&
        !has_access_of(own, **new_info)) {
      const struct stat& now = **new_info;
      found_.directories.push_back({path, now.st_mode & kPermissions, now.st_uid, now.st_gid});
    }
  }

  static bool has_access_of(const struct stat& one, const struct stat& other) {
    return one.st_mode == other.st_mode && one.st_uid == other.st_uid && one.st_gid == other.st_gid;
  }

  static Trees::const_iterator find(const Trees& trees, const std::string& path) {
    return std::find_if(trees.begin(), trees.end(), [&](const sys::UniqueFd& tree) {
      const auto info = sys::stat_at(tree.get(), path);
      return info && *info;
    });
  }

  /// Whether the layers show the same file there, then and now.
  Result<bool> is_same_below(const std::string& path) const {
    const auto old_tree = find(before_, path);
    const auto new_tree = find(after_, path);
    if (old_tree == before_.end() || new_tree == after_.end()) {
      return old_tree == before_.end() && new_tree == after_.end();
    }
    TRY_ASSIGN(const auto info, sys::stat_at(old_tree->get(), path));
    return are_same(old_tree->get(), new_tree->get(), path, *info);
  }

  void judge(const std::string& path) {
    if (is_account_file(path)) {
      found_.accounts.push_back(path);
    } else if (is_made_anew(path)) {
      found_.superseded.push_back(path);
    } else if (!is_volatile(path)) {
      found_.conflicts.push_back(path);
    }
  }

  /// fuse-overlayfs without device nodes writes ".wh.NAME" for a NAME that was removed.
  static std::string without_mark(const std::string& entry) {
    const std::string_view name = text::base_name(entry);
    return name.starts_with(".wh.") && !name.starts_with(".wh..wh.")
               ? entry.substr(0, entry.size() - name.size()) + std::string(name.substr(4))
               : entry;
  }

  bool is_in_layers(const std::string& path) const {
    return std::any_of(layers_.begin(), layers_.end(), [&](const sys::UniqueFd& layer) {
      const auto info = sys::stat_at(layer.get(), path);
      return info && *info;
    });
  }
  bool is_file_in_layers(const std::string& path) const {
    return std::any_of(layers_.begin(), layers_.end(), [&](const sys::UniqueFd& layer) {
      const auto info = sys::stat_at(layer.get(), path);
      return info && *info && !S_ISDIR((*info)->st_mode);
    });
  }

  int upper_;
  Trees layers_;
  Trees before_;
  Trees after_;
  Comparison found_;
};

}  // namespace

Result<Comparison> compare_with_layers(int upper,
                                       const std::vector<std::string>& layers,
                                       const std::vector<std::string>& before,
                                       const std::vector<std::string>& after) {
  TRY_ASSIGN(Trees changed, open_trees(layers));
  TRY_ASSIGN(Trees old_trees, open_trees(before));
  TRY_ASSIGN(Trees new_trees, open_trees(after));
  return Walk(upper, std::move(changed), std::move(old_trees), std::move(new_trees)).run();
}

}  // namespace devenv::build

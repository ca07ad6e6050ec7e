// SPDX-License-Identifier: MIT
#include "env/build/switch_layers.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/build/user_marks.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/staging.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/xattr.hpp"

namespace devenv::build {
namespace {

constexpr std::size_t kMostNamed = 5;

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

/// What is in `upper` and also in layers that come or go.
class Comparison {
 public:
  Comparison(int upper, std::vector<sys::UniqueFd> layers)
      : upper_(upper), layers_(std::move(layers)) {}

  Result<void> run() { return walk(""); }

  std::vector<std::string> conflicts;
  std::vector<std::string> accounts;    ///< to be merged
  std::vector<std::string> superseded;  ///< to be removed from upper

 private:
  Result<void> walk(const std::string& directory) {
    TRY_ASSIGN(sys::UniqueFd fd, sys::open_at(upper_, directory.empty() ? "." : directory,
                                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY_ASSIGN(const bool opaque, directory.empty() ? Result<bool>(false) : is_opaque(fd.get()));
    if (opaque && is_in_layers(directory)) {
      conflicts.push_back(directory);
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
        conflicts.push_back(path);
        return {};
      }
      return walk(path);
    }
    for (const sys::UniqueFd& layer : layers_) {
      TRY_ASSIGN(const auto other, sys::stat_at(layer.get(), path));
      if (!other) {
        continue;
      }
      TRY_ASSIGN(const bool same, are_same(upper_, layer.get(), path, *info));
      if (!same) {
        judge(path);
        return {};
      }
    }
    return {};
  }

  void judge(const std::string& path) {
    if (is_account_file(path)) {
      accounts.push_back(path);
    } else if (is_made_anew(path)) {
      superseded.push_back(path);
    } else if (!is_volatile(path)) {
      conflicts.push_back(path);
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
  std::vector<sys::UniqueFd> layers_;
};

std::vector<std::string> trees_of(const image::Store& store, const std::vector<Digest>& layers) {
  std::vector<std::string> trees;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    trees.push_back(store.layer_tree(*layer));
  }
  return trees;
}

/// Those that are in one of the two only.
std::vector<Digest> differing(const std::vector<Digest>& before, const std::vector<Digest>& after) {
  const auto split = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  std::vector<Digest> layers(split.first, before.end());
  layers.insert(layers.end(), split.second, after.end());
  return layers;
}

Error changed_by_hand(const std::string& name, std::vector<std::string> paths) {
  const std::size_t count = paths.size();
  paths.resize(std::min(count, kMostNamed));
  for (std::string& path : paths) {
    path = "/" + text::sanitize(path);
  }
  return Error(ErrorCode::conflict,
               format("what was changed by hand in '{}' is changed by its project, too: {}{}", name,
                      join(paths, ", "),
                      count > kMostNamed ? format(" and {} more", count - kMostNamed) : ""))
      .with_hint("put it into devenv.toml, or let go of it: devenv up --discard-changes");
}

/// As namespace root.
Result<void> carry_over(const instance::Environment& environment,
                        const image::Store& store,
                        const std::vector<Digest>& layers) {
  TRY_ASSIGN(const sys::UniqueFd upper,
             sys::open_file(environment.upper(), O_RDONLY | O_DIRECTORY));
  std::vector<sys::UniqueFd> changed;
  for (const std::string& tree : trees_of(store, differing(environment.state.layers, layers))) {
    TRY_ASSIGN(sys::UniqueFd fd, sys::open_file(tree, O_PATH | O_DIRECTORY));
    changed.push_back(std::move(fd));
  }
  Comparison comparison(upper.get(), std::move(changed));
  TRY(comparison.run());
  if (!comparison.conflicts.empty()) {
    return fail(changed_by_hand(environment.name.string(), std::move(comparison.conflicts)));
  }
  const auto below = trees_of(store, environment.state.layers);
  const auto above = trees_of(store, layers);
  for (const std::string& path : comparison.accounts) {
    TRY_ASSIGN(const auto own, sys::read_file_in_root(upper.get(), "/" + path));
    TRY_ASSIGN(const auto before, read_in_trees(below, "/" + path));
    TRY_ASSIGN(const auto after, read_in_trees(above, "/" + path));
    if (own && after) {
      TRY(sys::write_file_in_root(upper.get(), "/" + path,
                                  carry_lines(before.value_or(""), *own, *after)));
    }
  }
  for (const std::string& path : comparison.superseded) {
    TRY(sys::remove_file_at(upper.get(), path));
  }
  return {};
}

/// A new upper directory in the place of the old one, which is deleted.
Result<void> begin_anew(const instance::Environment& environment,
                        const image::Store& store,
                        const sandbox::IdMap& map,
                        const std::vector<Digest>& layers) {
  const std::string fresh = environment.directory + "/fresh";
  TRY(instance::delete_in_namespace(map, fresh));
  for (const char* name : {"/upper", "/work"}) {
    TRY(sys::make_directories(fresh + name, 0755));
  }
  const sandbox::RootLayout layout{.lower = trees_of(store, layers),
                                   .upper = fresh + "/upper",
                                   .work = fresh + "/work",
                                   .mount_point = environment.mount_point()};
  TRY(sandbox::run_as_namespace_root(
      map, [&] { return sandbox::prepare_storage(environment.state.storage, layout); }));
  // A directory that moves is written to (".."): as root, who owns it.
  const auto exchange = [&]() -> Result<void> {
    TRY(sys::exchange_paths(fresh + "/upper", environment.upper()));
    return sys::exchange_paths(fresh + "/work", environment.work());
  };
  TRY(sandbox::run_as_namespace_root(map, exchange));
  return instance::delete_in_namespace(map, fresh);
}

}  // namespace

Result<void> switch_layers(const instance::Workspace& workspace,
                           const instance::EnvironmentDirectory& place,
                           const image::ImageRecord& image,
                           const std::vector<Digest>& layers,
                           Changes changes) {
  TRY_ASSIGN(const sys::FileLock starting,
             sys::FileLock::acquire(place.start_lock_file(), sys::LockMode::exclusive));
  TRY_ASSIGN(const auto lock, instance::lock_stopped(place));
  TRY_ASSIGN(instance::Environment environment, instance::reload(place));
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  TRY_ASSIGN(const auto layer_locks, instance::lock_layers(store, layers));
  if (environment.state.layers != layers) {
    if (changes == Changes::discard) {
      TRY(begin_anew(environment, store, map, layers));
    } else if (environment.state.storage == sandbox::StorageDriver::copy) {
      return fail(changed_by_hand(place.name.string(), {}));
    } else {
      TRY(sandbox::run_as_namespace_root(map,
                                         [&] { return carry_over(environment, store, layers); }));
    }
  }
  environment.state.image_reference = image.reference;
  environment.state.manifest_digest = image.manifest_digest;
  environment.state.image_environment = image.environment;
  environment.state.layers = layers;
  return sys::write_file_atomic(place.directory + "/state.json",
                                json::dump(environment.state.to_json()) + "\n");
}

}  // namespace devenv::build

// SPDX-License-Identifier: MIT
#include "env/build/switch_layers.hpp"

#include <algorithm>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/build/comparison.hpp"
#include "env/build/user_marks.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/staging.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/tree.hpp"

namespace devenv::build {
namespace {

constexpr std::size_t kMostNamed = 5;

Error cannot_tell(const std::string& name) {
  return Error(ErrorCode::conflict,
               format("'{}' has storage 'copy', which keeps what was changed by hand and what lies "
                      "below in one",
                      name))
      .with_hint("begin anew: devenv up --discard-changes");
}

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

/// As namespace root. Errors: conflict, naming what both sides have changed.
Result<Comparison> compare(int upper,
                           const instance::Environment& environment,
                           const image::Store& store,
                           const std::vector<Digest>& layers) {
  TRY_ASSIGN(
      Comparison comparison,
      compare_with_layers(upper, trees_of(store, differing(environment.state.layers, layers)),
                          trees_of(store, environment.state.layers), trees_of(store, layers)));
  if (!comparison.conflicts.empty()) {
    return fail(changed_by_hand(environment.name.string(), std::move(comparison.conflicts)));
  }
  return comparison;
}

/// Lines of account files whose name or id somebody else has: "name:x:id:...".
bool has_double(std::string_view text) {
  std::set<std::string_view> names;
  std::set<std::string_view> ids;
  for (const std::string_view line : text::lines(text)) {
    const auto fields = text::split(line, ':');
    constexpr std::size_t kId = 2;
    if (fields.size() > kId &&
        (!names.insert(fields[0]).second || !ids.insert(fields[kId]).second)) {
      return true;
    }
  }
  return false;
}

struct MergedFile {
  std::string path;
  std::string contents;
};

/// As namespace root.
Result<std::vector<MergedFile>> merge_accounts(int upper,
                                               const Comparison& comparison,
                                               const instance::Environment& environment,
                                               const image::Store& store,
                                               const std::vector<Digest>& layers) {
  const auto below = trees_of(store, environment.state.layers);
  const auto above = trees_of(store, layers);
  std::vector<MergedFile> merged;
  for (const std::string& path : comparison.accounts) {
    TRY_ASSIGN(const auto own, sys::read_file_in_root(upper, "/" + path));
    TRY_ASSIGN(const auto old_text, read_in_trees(below, "/" + path));
    TRY_ASSIGN(const auto new_text, read_in_trees(above, "/" + path));
    if (!own || !new_text) {
      continue;
    }
    std::string contents = carry_lines(old_text.value_or(""), *own, *new_text);
    const bool has_ids = path == "etc/passwd" || path == "etc/group";
    if (has_ids && has_double(contents) && !has_double(*own) && !has_double(*new_text)) {
      return fail(changed_by_hand(environment.name.string(), {path}));
    }
    merged.push_back({path, std::move(contents)});
  }
  return merged;
}

/// What becomes of the changes by hand when the layers below them are others.
struct CarryOver {
  sys::UniqueFd upper;
  std::vector<MergedFile> merged;
  Comparison comparison;
};

/// As namespace root.
Result<CarryOver> plan_carry_over(const instance::Environment& environment,
                                  const image::Store& store,
                                  const std::vector<Digest>& layers) {
  TRY_ASSIGN(sys::UniqueFd upper, sys::open_file(environment.upper(), O_RDONLY | O_DIRECTORY));
  TRY_ASSIGN(Comparison comparison, compare(upper.get(), environment, store, layers));
  TRY_ASSIGN(auto merged, merge_accounts(upper.get(), comparison, environment, store, layers));
  return CarryOver{std::move(upper), std::move(merged), std::move(comparison)};
}

/// As namespace root.
Result<void> carry_over(const instance::Environment& environment,
                        const image::Store& store,
                        const std::vector<Digest>& layers) {
  TRY_ASSIGN(const CarryOver plan, plan_carry_over(environment, store, layers));
  for (const MergedFile& file : plan.merged) {
    TRY(sys::write_file_in_root(plan.upper.get(), "/" + file.path, file.contents));
  }
  for (const std::string& path : plan.comparison.superseded) {
    TRY(sys::remove_file_at(plan.upper.get(), path));
  }
  for (const Comparison::Access& directory : plan.comparison.directories) {
    TRY(sys::set_owner_at(plan.upper.get(), directory.path, directory.uid, directory.gid));
    TRY(sys::set_mode_at(plan.upper.get(), directory.path, directory.mode));
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

Result<void> check_switch(const instance::Workspace& workspace,
                          const instance::Environment& environment,
                          const std::vector<Digest>& layers) {
  if (environment.state.layers == layers) {
    return {};
  }
  if (environment.state.storage == sandbox::StorageDriver::copy) {
    return fail(cannot_tell(environment.name.string()));
  }
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  const auto check = [&]() -> Result<void> {
    TRY(plan_carry_over(environment, store, layers));
    return {};
  };
  return sandbox::run_as_namespace_root(map, check);
}

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
  if (changes == Changes::discard) {
    TRY(begin_anew(environment, store, map, layers));
  } else if (environment.state.layers != layers) {
    if (environment.state.storage == sandbox::StorageDriver::copy) {
      return fail(cannot_tell(place.name.string()));
    }
    TRY(sandbox::run_as_namespace_root(map,
                                       [&] { return carry_over(environment, store, layers); }));
  }
  environment.state.image_reference = image.reference;
  environment.state.manifest_digest = image.manifest_digest;
  environment.state.image_environment = image.environment;
  environment.state.layers = layers;
  return sys::write_file_atomic(place.directory + "/state.json",
                                json::dump(environment.state.to_json()) + "\n");
}

}  // namespace devenv::build

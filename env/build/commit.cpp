// SPDX-License-Identifier: MIT
#include "env/build/commit.hpp"

#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/build/user_marks.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/layers.hpp"
#include "env/instance/staging.hpp"
#include "env/sandbox/flatten.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::build {
namespace {

/// A copy of an environment's changes in the store's tmp, removed unless it has become a layer.
class ChangesCopy {
 public:
  ChangesCopy(image::Unfinished place, const sandbox::IdMap& map)
      : place_(std::move(place)), map_(map) {}
  ChangesCopy(const ChangesCopy&) = delete;
  ChangesCopy& operator=(const ChangesCopy&) = delete;
  ~ChangesCopy() {
    if (!sys::exists(path())) {
      return;
    }
    const auto removed =
        sandbox::run_as_namespace_root(map_, [this] { return sys::remove_tree(path()); });
    if (!removed) {
      LOG_WARN("cannot remove '{}': {}", path(), removed.error().to_line());
    }
  }

  const std::string& path() const { return place_.path; }

  Result<void> fill(const std::string& upper) {
    return sandbox::run_as_namespace_root(map_, [&]() -> Result<void> {
      TRY(sys::make_directories(path(), 0700));
      return sandbox::copy_tree(upper, path());
    });
  }

 private:
  image::Unfinished place_;
  const sandbox::IdMap& map_;
};

Result<image::ImageRecord> commit(const instance::Workspace& workspace,
                                  const instance::Environment& environment,
                                  const CommitRequest& request,
                                  Reporter& reporter) {
  const instance::State& state = environment.state;
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  instance::NewImage image{.base_manifest = state.manifest_digest,
                           .base_reference = state.image_reference,
                           .layers = {},
                           .reference = request.reference,
                           .labels = request.labels};
  std::optional<Digest> parent;
  if (state.storage == sandbox::StorageDriver::copy) {
    image.base_layers = instance::BaseLayers::replaced;
  } else {
    for (const Digest& layer : state.layers) {
      TRY_ASSIGN(instance::SealedLayer known, instance::stored_layer(store, layer));
      image.layers.push_back(std::move(known));
    }
    parent = state.layers.back();
  }
  TRY_ASSIGN(image::Unfinished place, store.begin_unfinished("commit"));
  ChangesCopy copy(std::move(place), map);
  TRY_CONTEXT(copy.fill(environment.upper()), "cannot copy what was changed");
  std::vector<std::string> below;
  for (auto layer = state.layers.rbegin(); layer != state.layers.rend(); ++layer) {
    below.push_back(store.layer_tree(*layer));
  }
  TRY(remove_marks({.upper = copy.path(), .below = std::move(below), .whole = !parent}, workspace));
  // Until images.json names it.
  TRY_ASSIGN(const sys::FileLock lock, store.keep_unnamed_layers());
  TRY_ASSIGN(instance::SealedLayer changes,
             instance::seal_layer(workspace, copy.path(), parent, reporter));
  image.layers.push_back(std::move(changes));
  return instance::record_image(workspace, image, reporter);
}

}  // namespace

Result<image::ImageRecord> commit_environment(const instance::Workspace& workspace,
                                              const instance::EnvironmentDirectory& place,
                                              const CommitRequest& request,
                                              Reporter& reporter) {
  TRY_ASSIGN(const sys::FileLock starting,
             sys::FileLock::acquire(place.start_lock_file(), sys::LockMode::exclusive));
  TRY_ASSIGN(const sys::FileLock running, instance::lock_stopped(place));
  TRY_ASSIGN(const instance::Environment environment, instance::reload(place));
  auto record = commit(workspace, environment, request, reporter);
  if (!record) {
    const Error error = record.error().context(
        format("cannot make an image of environment '{}'", place.name.string()));
    return fail(error.sys_errno() != ENOSPC && error.sys_errno() != EDQUOT
                    ? error
                    : error.with_hint(format("what was changed is copied into the store: make room "
                                             "on the file system of '{}', for example with "
                                             "`devenv image prune`",
                                             workspace.paths.data)));
  }
  return record;
}

}  // namespace devenv::build

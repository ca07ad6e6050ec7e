// SPDX-License-Identifier: MIT
#include "env/instance/staging.hpp"

#include <ctime>

#include "env/base/format.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::instance {
namespace {

/// How long a directory without a lock file is left alone.
constexpr std::time_t kYoung = 60;  // seconds

sandbox::RootLayout layout_of(const std::string& directory,
                              const image::Store& store,
                              const std::vector<Digest>& layers) {
  sandbox::RootLayout layout{.upper = directory + "/upper",
                             .work = directory + "/work",
                             .mount_point = directory + "/root"};
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    layout.lower.push_back(store.layer_tree(*layer));
  }
  return layout;
}

}  // namespace

Result<void> delete_in_namespace(const sandbox::IdMap& map, const std::string& directory) {
  return sandbox::run_as_namespace_root(map, [&directory] { return sys::remove_tree(directory); });
}

std::optional<Leftover> take_leftover(const std::string& directory) {
  auto lock = sys::FileLock::try_acquire_existing(directory + "/lock", sys::LockMode::exclusive);
  if (lock) {
    return *lock ? std::optional(Leftover{std::move(*lock)}) : std::nullopt;
  }
  const auto info = sys::stat_path(directory);
  const bool is_old = info && *info && std::time(nullptr) - (*info)->st_mtime > kYoung;
  return is_old ? std::optional(Leftover{}) : std::nullopt;
}

Result<void> fill_directory(const std::string& directory,
                            const Environment& environment,
                            const image::Store& store,
                            const sandbox::IdMap& map) {
  for (const char* name : {"/upper", "/work", "/root"}) {
    TRY(sys::make_directories(directory + name, 0755));
  }
  const sandbox::RootLayout layout = layout_of(directory, store, environment.state.layers);
  TRY(sandbox::run_as_namespace_root(map, [&environment, &layout] {
    return sandbox::prepare_storage(environment.state.storage, layout);
  }));
  TRY(sys::write_file_atomic(directory + "/spec.json",
                             json::dump(environment.spec.to_json()) + "\n"));
  return sys::write_file_atomic(directory + "/state.json",
                                json::dump(environment.state.to_json()) + "\n");
}

Result<std::vector<sys::FileLock>> lock_layers(const image::Store& store,
                                               const std::vector<Digest>& layers) {
  std::vector<sys::FileLock> locks;
  for (const Digest& layer : layers) {
    TRY_ASSIGN(sys::FileLock lock, store.lock_layer(layer, sys::LockMode::shared));
    locks.push_back(std::move(lock));
    if (!store.has_layer(layer)) {
      return fail(
          Error(ErrorCode::conflict, format("layer {} was removed meanwhile", layer.abbreviated()))
              .with_hint("try again"));
    }
  }
  return locks;
}

Result<sys::FileLock> lock_stopped(const EnvironmentDirectory& environment) {
  TRY_ASSIGN(auto lock,
             sys::FileLock::try_acquire(environment.lock_file(), sys::LockMode::exclusive));
  if (!lock) {
    const std::string& name = environment.name.string();
    return fail(Error(ErrorCode::conflict, format("environment '{}' is running", name))
                    .with_hint(format("stop it first: devenv stop {}", name)));
  }
  return *std::move(lock);
}

}  // namespace devenv::instance

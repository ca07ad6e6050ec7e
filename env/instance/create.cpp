// SPDX-License-Identifier: MIT
#include "env/instance/create.hpp"

#include <algorithm>
#include <ctime>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/image/platform.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/staging.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"

namespace devenv::instance {
namespace {

// Directories that are being made or removed; the leading dot keeps them out of every listing.
constexpr std::string_view kStagingPrefix = ".new-";
constexpr std::string_view kTrashPrefix = ".trash-";

Error exists_already(const EnvironmentName& name) {
  return Error(ErrorCode::conflict, format("environment '{}' exists already", name.string()))
      .with_hint(format("enter it: devenv enter {}", name.string()));
}

/// The image's programs can run: same architecture, or the kernel has an interpreter for it.
Result<void> check_architecture(const image::ImageRecord& image) {
  const std::string host = image::host_platform().architecture;
  if (image.architecture.empty() || image.architecture == host ||
      (host == "amd64" && image.architecture == "386")) {
    return {};
  }
  const std::string interpreter =
      image.architecture == "arm64" ? "qemu-aarch64" : "qemu-" + image.architecture;
  if (sys::exists("/proc/sys/fs/binfmt_misc/" + interpreter)) {
    return {};
  }
  return fail(Error(ErrorCode::unsupported, format("image '{}' is for {}, this machine is {}",
                                                   image.reference, image.architecture, host))
                  .with_hint(format("choose an image for {}, or install an emulator for {} "
                                    "(package qemu-user-static)",
                                    host, image.architecture)));
}

/// What earlier, interrupted calls left: staging directories nobody holds the lock of, and trash.
void sweep_leftovers(const Workspace& workspace, const sandbox::IdMap& map) {
  const std::string parent = workspace.paths.environments();
  const auto entries = sys::list_directory(parent);
  if (!entries) {
    return;
  }
  for (const std::string& entry : *entries) {
    if (!entry.starts_with(kStagingPrefix) && !entry.starts_with(kTrashPrefix)) {
      continue;
    }
    const std::string directory = parent + "/" + entry;
    const auto leftover = take_leftover(directory);
    if (!leftover) {
      continue;
    }
    if (auto removed = delete_in_namespace(map, directory); !removed) {
      LOG_WARN("cannot remove leftover {}: {}", directory, removed.error().to_line());
    }
  }
}

struct HeldLayers {
  image::ImageRecord image;
  std::vector<Digest> layers;
  std::vector<sys::FileLock> locks;
};

/// A `prune` that comes between the image and the locks takes the image away again: once more,
/// then.
Result<HeldLayers> hold_layers(const Workspace& workspace,
                               const image::Store& store,
                               const CreateRequest& request,
                               Reporter& reporter) {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    TRY_ASSIGN(image::ImageRecord image,
               request.image ? Result<image::ImageRecord>(*request.image)
                             : obtain_image(workspace, request.source, request.pull, reporter));
    TRY(check_architecture(image));
    std::vector<Digest> layers = request.layers.empty() ? image.layers : request.layers;
    auto locks = lock_layers(store, layers);
    if (locks) {
      return HeldLayers{std::move(image), std::move(layers), *std::move(locks)};
    }
    if (request.image || locks.error().code() != ErrorCode::conflict || attempt == kAttempts) {
      return fail(locks.error().context(format("image '{}'", image.reference)));
    }
    LOG_INFO("{}: once more", locks.error().to_line());
  }
}

}  // namespace

Result<Environment> create_environment(const Workspace& workspace,
                                       const CreateRequest& request,
                                       Reporter& reporter) {
  const std::string parent = workspace.paths.environments();
  const std::string directory = parent + "/" + request.name.string();
  if (sys::exists(directory)) {
    return fail(exists_already(request.name));
  }
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  // Until state.json names them.
  TRY_ASSIGN(const HeldLayers held, hold_layers(workspace, store, request, reporter));
  const image::ImageRecord& image = held.image;
  const std::vector<Digest>& layers = held.layers;
  TRY(sys::make_directories(parent, 0700));
  sweep_leftovers(workspace, map);
  TRY_ASSIGN(const sandbox::StorageDriver storage,
             sandbox::choose_storage(request.storage, map, parent));

  TRY_ASSIGN(sys::TemporaryDirectory temporary,
             sys::TemporaryDirectory::create(parent, kStagingPrefix));
  TRY_ASSIGN(const sys::FileLock lock,
             sys::FileLock::acquire(temporary.path() + "/lock", sys::LockMode::exclusive));
  Staging staging(temporary.release(), map);
  Environment environment{{request.name, directory},
                          Spec{.image = request.image_as_given,
                               .profile = request.profile,
                               .storage = request.storage,
                               .created_at = image::current_timestamp(),
                               .shares = request.shares,
                               .host_commands = request.host_commands,
                               .exports = request.exports,
                               .project = request.project,
                               .mounts = request.mounts,
                               .surroundings = request.surroundings,
                               .hooks = request.hooks,
                               .limits = request.limits,
                               .came_from = request.came_from},
                          State{.image_reference = image.reference,
                                .manifest_digest = image.manifest_digest,
                                .layers = layers,
                                .storage = storage,
                                .id_map = map.to_string(),
                                .image_environment = image.environment}};
  TRY_CONTEXT(fill_directory(staging.directory(), environment, store, map),
              format("cannot create environment '{}'", request.name.string()));
  if (auto renamed = sys::rename_no_replace(staging.directory(), directory); !renamed) {
    return fail(renamed.error().code() == ErrorCode::conflict ? exists_already(request.name)
                                                              : renamed.error());
  }
  staging.commit();
  return environment;
}

Result<bool> change_spec(const EnvironmentDirectory& place,
                         const std::function<void(Spec&)>& change) {
  // Held by a start, too: it reads one spec or the other, and no change is lost to another one.
  TRY_ASSIGN(const sys::FileLock lock,
             sys::FileLock::acquire(place.start_lock_file(), sys::LockMode::exclusive));
  TRY_ASSIGN(Environment environment, reload(place));
  const std::string before = json::dump(environment.spec.to_json());
  change(environment.spec);
  const std::string after = json::dump(environment.spec.to_json());
  if (after == before) {
    return false;
  }
  TRY_CONTEXT(sys::write_file_atomic(place.directory + "/spec.json", after + "\n"),
              format("cannot change environment '{}'", place.name.string()));
  return true;
}

Result<void> rename_environment(const Workspace& workspace,
                                const EnvironmentDirectory& environment,
                                const EnvironmentName& name) {
  TRY_ASSIGN(const sys::FileLock starting,
             sys::FileLock::acquire(environment.start_lock_file(), sys::LockMode::exclusive));
  TRY_ASSIGN(const auto lock, lock_stopped(environment));
  const std::string target = workspace.paths.environments() + "/" + name.string();
  if (auto renamed = sys::rename_no_replace(environment.directory, target); !renamed) {
    return fail(renamed.error().code() == ErrorCode::conflict ? exists_already(name)
                                                              : renamed.error());
  }
  return {};
}

Result<void> remove_environment(const Workspace& workspace, const EnvironmentName& name) {
  const std::string parent = workspace.paths.environments();
  const std::string directory = parent + "/" + name.string();
  if (!sys::is_directory(directory)) {
    TRY(get_environment(workspace, name.string()));  // not_found, with what was meant
  }
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const auto lock, lock_stopped({name, directory}));
  const std::string trash =
      format("{}/{}{}-{}", parent, kTrashPrefix, name.string(), sys::random_hex(4));
  TRY(sys::rename_path(directory, trash));
  TRY_CONTEXT(delete_in_namespace(map, trash),
              format("cannot remove all of environment '{}'", name.string()));
  sweep_leftovers(workspace, map);
  return {};
}

}  // namespace devenv::instance

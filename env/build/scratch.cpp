// SPDX-License-Identifier: MIT
#include "env/build/scratch.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/build/step.hpp"
#include "env/image/record.hpp"
#include "env/instance/staging.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::build {
namespace {

// The leading dot keeps it out of every listing.
constexpr std::string_view kPrefix = ".build-";
constexpr std::size_t kNameBytes = 8;
constexpr std::chrono::milliseconds kGrace{1000};

std::string builder_lock(const std::string& directory) {
  return directory + "/builder.lock";
}

/// What a step must not depend on is not there: the files, the language and the services of whoever
/// happens to run it.
host::ShareChoice step_shares() {
  host::ShareChoice choice;
  for (const host::Share& share : host::all_shares()) {
    const bool wanted = share.name == "network" || share.name == "dns" || share.name == "hosts" ||
                        share.name == "ipc" || share.name == "hostname";
    if (!wanted) {
      choice.off.emplace_back(share.name);
    }
  }
  return choice;
}

void remove_scratch(const instance::EnvironmentDirectory& place, const sandbox::IdMap& map) {
  auto removed = session::stop(place, kGrace);
  if (removed) {
    if (const auto deleted = instance::delete_in_namespace(map, place.directory); !deleted) {
      LOG_WARN("cannot remove {}: {}", place.directory, deleted.error().to_line());
    }
  } else {
    LOG_WARN("{}", removed.error().to_line());
  }
}

}  // namespace

Scratch::Scratch(Scratch&& other) noexcept
    : environment_(std::move(other.environment_)),
      map_(std::move(other.map_)),
      lock_(std::exchange(other.lock_, std::nullopt)),
      trees_(std::move(other.trees_)) {}

Scratch::~Scratch() {
  if (lock_) {
    remove_scratch(environment_, map_);
  }
}

Result<Scratch> Scratch::create(const instance::Workspace& workspace,
                                const std::vector<Digest>& layers,
                                const std::vector<std::string>& image_environment,
                                std::vector<instance::ExtraMount> mounts) {
  const std::string parent = workspace.paths.environments();
  TRY(sys::make_directories(parent, 0700));
  TRY_ASSIGN(sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  TRY_ASSIGN(const sandbox::StorageDriver storage,
             sandbox::choose_storage(std::nullopt, map, parent));
  const std::string directory = format("{}/{}{}", parent, kPrefix, sys::random_hex(kNameBytes));
  TRY(sys::make_directories(directory, 0700));
  TRY_ASSIGN(sys::FileLock lock,
             sys::FileLock::acquire(builder_lock(directory), sys::LockMode::exclusive));
  TRY_ASSIGN(instance::EnvironmentName name, instance::EnvironmentName::parse("build"));
  mounts.push_back({.source = directory + "/project", .target = kProjectInside});
  instance::Environment environment{{std::move(name), directory},
                                    instance::Spec{.image = "build",
                                                   .profile = "",
                                                   .storage = storage,
                                                   .created_at = image::current_timestamp(),
                                                   .shares = step_shares(),
                                                   .host_commands = instance::HostCommands::deny,
                                                   .host_root = false,
                                                   .mounts = std::move(mounts)},
                                    instance::State{.image_reference = "build",
                                                    .manifest_digest = layers.back(),
                                                    .layers = layers,
                                                    .storage = storage,
                                                    .id_map = map.to_string(),
                                                    .image_environment = image_environment}};
  Scratch scratch(std::move(environment), std::move(map), std::move(lock));
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    scratch.trees_.push_back(store.layer_tree(*layer));
  }
  TRY(sys::make_directories(scratch.side_directory(), 0755));
  TRY(sys::make_directories(scratch.project_directory(), 0755));
  TRY(instance::fill_directory(directory, scratch.environment_, store, scratch.map_));
  return scratch;
}

void sweep_scratches(const instance::Workspace& workspace) {
  const std::string parent = workspace.paths.environments();
  const auto entries = sys::list_directory(parent);
  const auto map = workspace.id_map();
  const auto name = instance::EnvironmentName::parse("build");
  if (!entries || !map || !name) {
    return;
  }
  for (const std::string& entry : *entries) {
    if (!entry.starts_with(kPrefix)) {
      continue;
    }
    const std::string directory = parent + "/" + entry;
    const auto lock =
        sys::FileLock::try_acquire_existing(builder_lock(directory), sys::LockMode::exclusive);
    if (lock && *lock) {
      remove_scratch({*name, directory}, *map);
    }
  }
}

}  // namespace devenv::build

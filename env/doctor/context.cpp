// SPDX-License-Identifier: MIT
#include "env/doctor/checks_internal.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"

namespace devenv::doctor {
namespace {

Attempt attempt_of(const Result<void>& result) {
  if (result) {
    return {.outcome = Attempt::Outcome::works};
  }
  return {.outcome = Attempt::Outcome::fails,
          .reason = result.error().to_line(),
          .hint = result.error().hint()};
}

}  // namespace

const Result<sandbox::IdMap>& Context::id_map() {
  if (!id_map_) {
    id_map_ = workspace_.id_map();
  }
  return *id_map_;
}

const Attempt& Context::entered_namespace() {
  if (!entered_) {
    const Result<sandbox::IdMap>& map = id_map();
    entered_ =
        map ? attempt_of(sandbox::run_as_namespace_root(*map, []() -> Result<void> { return {}; }))
            : Attempt{.reason = "there is no id map"};
  }
  return *entered_;
}

const Attempt& Context::storage(sandbox::StorageDriver driver) {
  std::optional<Attempt>& known =
      driver == sandbox::StorageDriver::overlay ? overlay_ : fuse_overlayfs_;
  if (!known) {
    known = try_storage(driver);
  }
  return *known;
}

Attempt Context::try_storage(sandbox::StorageDriver driver) {
  if (!entered_namespace().works()) {
    return {.reason = "ids cannot be mapped"};
  }
  // On the file system of the store, but beside it: a probe that dies leaves nothing in the store.
  const auto directory = sys::TemporaryDirectory::create(store_location(), ".devenv-doctor-");
  if (!directory) {
    return {.reason = directory.error().to_line()};
  }
  return attempt_of(sandbox::probe_storage(driver, *id_map(), directory->path()));
}

const std::string& Context::store_location() {
  if (store_location_.empty()) {
    store_location_ = workspace_.paths.data;
    while (store_location_.size() > 1 && !sys::is_directory(store_location_)) {
      store_location_.erase(store_location_.rfind('/'));
      if (store_location_.empty()) {
        store_location_ = "/";
      }
    }
  }
  return store_location_;
}

}  // namespace devenv::doctor

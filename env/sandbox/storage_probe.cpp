// SPDX-License-Identifier: MIT
// Whether a storage driver works is found out by using it: versions and settings tell too little
// (backported features, security modules, file systems that mount and then fail).
#include <fcntl.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "env/base/format.hpp"
#include "env/sandbox/layer_fds.hpp"
#include "env/sandbox/overlay.hpp"
#include "env/sandbox/storage.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"

namespace devenv::sandbox {
namespace {

constexpr std::string_view kBefore = "layer";

Result<void> write_text(int directory, const std::string& name, int flags, std::string_view text) {
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_at(directory, name, O_WRONLY | flags, 0644));
  return sys::write_all(file.get(), text);
}

Result<void> require(bool works, std::string_view what) {
  if (!works) {
    return fail(ErrorCode::unsupported, format("{} does not work", what));
  }
  return {};
}

/// A layer with one of each kind that is about to be changed.
Result<void> make_layer(const std::string& path) {
  TRY(sys::make_directories(path + "/dir"));
  TRY_ASSIGN(const sys::UniqueFd layer, sys::open_file(path, O_RDONLY | O_DIRECTORY));
  for (const char* name : {"deleted", "changed", "dir/below"}) {
    TRY(write_text(layer.get(), name, O_CREAT | O_EXCL, kBefore));
  }
  // Network file systems refuse to give files to subordinate ids.
  TRY_CONTEXT(sys::set_owner_at(layer.get(), "dir", 0, 0),
              "the file system does not take the ids of environments");
  return {};
}

Result<void> exercise(int root, const std::string& layer) {
  TRY_CONTEXT(sys::remove_file_at(root, "deleted"), "deleting a file of the image");
  TRY_ASSIGN(const auto deleted, sys::stat_at(root, "deleted"));
  TRY(require(!deleted, "deleting a file of the image"));

  TRY_CONTEXT(write_text(root, "changed", O_APPEND, "+"), "changing a file of the image");
  TRY_ASSIGN(const sys::UniqueFd changed, sys::open_at(root, "changed", O_RDONLY));
  TRY_ASSIGN(const std::string now, sys::read_all(changed.get()));
  TRY_ASSIGN(const std::string before, sys::read_file(layer + "/changed"));
  TRY(require(now == std::string(kBefore) + "+" && before == kBefore,
              "changing a file of the image"));

  // Without the userxattr option an overlay mounts well, and this is EIO.
  TRY_CONTEXT(sys::remove_tree(root, "dir"), "deleting a directory of the image");
  TRY_CONTEXT(sys::make_directory_at(root, "dir", 0755), "replacing a directory of the image");
  TRY_ASSIGN(const sys::UniqueFd replaced, sys::open_at(root, "dir", O_RDONLY | O_DIRECTORY));
  TRY_ASSIGN(const auto names, sys::list_directory(fd_path(replaced.get())));
  return require(names.empty(), "replacing a directory of the image");
}

/// The server ends with the mount; one that does not is not left behind.
void end_server(pid_t pid) {
  constexpr std::chrono::seconds kPatience{5};
  const auto process = sys::open_pidfd(pid);
  if (!process) {
    return;
  }
  if (const auto ended = sys::wait_pidfd(process->get(), kPatience); !ended || !*ended) {
    (void)sys::signal_pidfd(process->get(), SIGKILL);
  }
}

Result<void> try_driver(StorageDriver driver, const std::string& directory) {
  const RootLayout layout{.lower = {directory + "/layer"},
                          .upper = directory + "/upper",
                          .work = directory + "/work",
                          .mount_point = directory + "/root"};
  TRY(make_layer(layout.lower.front()));
  TRY(sys::make_directories(layout.mount_point));
  TRY(prepare_storage(driver, layout));
  TRY_ASSIGN(MountedRoot mounted, driver == StorageDriver::overlay
                                      ? mount_overlay(layout, Durability::thrown_away)
                                      : mount_root(driver, layout, -1));
  const auto exercised = exercise(mounted.root.get(), layout.lower.front());
  TRY(sys::detach_mount(layout.mount_point));
  mounted.root.reset();
  if (mounted.server_pid > 0) {
    end_server(mounted.server_pid);
  }
  return exercised;
}

/// In the namespace, because overlayfs leaves a directory there that only its root may remove.
Result<void> clean(const std::string& directory) {
  for (const char* name : {"/layer", "/upper", "/work", "/root"}) {
    TRY(sys::remove_tree(directory + name));
  }
  return {};
}

/// A full disk fails every driver, and says nothing of them. ENOSPC is also the limit of user
/// namespaces, which has a hint of its own.
bool is_disk_full(const Error& error) {
  return error.sys_errno() == EDQUOT || (error.sys_errno() == ENOSPC && error.hint().empty());
}

}  // namespace

Result<void> probe_storage(StorageDriver driver, const IdMap& map, const std::string& directory) {
  // Named and locked like everything unfinished in a directory of environments, so that one left by
  // a crash is swept up.
  TRY_ASSIGN(const sys::TemporaryDirectory temporary,
             sys::TemporaryDirectory::create(directory, ".new-probe-"));
  TRY_ASSIGN(const sys::FileLock lock,
             sys::FileLock::acquire(temporary.path() + "/lock", sys::LockMode::exclusive));
  const std::string& path = temporary.path();
  const auto probe = [driver, &path]() -> Result<void> {
    const auto works = try_driver(driver, path);
    const auto cleaned = clean(path);
    TRY(works);
    return cleaned;
  };
  TRY_CONTEXT(run_in_user_namespace(map, MountNamespace::own, probe),
              format("storage driver {} does not work in '{}'", to_string(driver), directory));
  return {};
}

Result<StorageDriver> choose_storage(std::optional<StorageDriver> preference,
                                     const IdMap& map,
                                     const std::string& directory) {
  std::vector<StorageDriver> candidates = {StorageDriver::overlay, StorageDriver::fuse_overlayfs,
                                           StorageDriver::copy};
  if (preference) {
    candidates = {*preference};
  }
  std::vector<std::string> reasons;
  std::string hint;
  for (const StorageDriver driver : candidates) {
    const auto probed = probe_storage(driver, map, directory);
    if (probed) {
      return driver;
    }
    if (is_disk_full(probed.error())) {
      return fail(probed.error().with_hint(
          format("make room on the file system of '{}', for example with `devenv image prune`",
                 directory)));
    }
    if (preference) {
      return fail(probed.error());
    }
    reasons.push_back(probed.error().to_line());
    hint = hint.empty() ? probed.error().hint() : hint;
  }
  return fail(Error(ErrorCode::unsupported, join(reasons, "; "))
                  .context("no storage driver works")
                  .with_hint(hint));
}

}  // namespace devenv::sandbox

// SPDX-License-Identifier: MIT
// What a root served by a process needs beside what storage_test.cpp asks of each.
#include <doctest/doctest.h>

#include <chrono>

#include "env/sandbox/storage.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/process.hpp"
#include "tests/integration/sandbox/fixture.hpp"

using namespace devenv;
using namespace devenv::sandbox;
using namespace devenv::sandbox::testing;

namespace {

constexpr std::chrono::seconds kPatience{20};

}  // namespace

TEST_CASE(
    "fuse-overlayfs: a directory of changes with a colon in its path is refused with a hint") {
  if (!have_fuse()) {
    return;
  }
  const RootLayout layout = layout_in("/a:b", 1);
  const auto refused = mount_root(StorageDriver::fuse_overlayfs, layout, -1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() == "fuse-overlayfs cannot use '/a:b/upper': its path has a ':'");
  CHECK(refused.error().hint() == "set XDG_DATA_HOME to a path without ':'");
}

TEST_CASE(
    "fuse-overlayfs: outlives its starter and pivot_root, keeps the lock, ends with the mounts") {
  if (!have_fuse()) {
    return;
  }
  const IdMap map = own_map();
  const Scratch scratch(map);
  const RootLayout layout = layout_in(scratch.path(), 1);
  const std::string lock_path = scratch.path() + "/lock";
  CHECK_OK(run_as_namespace_root(map, [&]() -> Result<void> {
    TRY(put(layout.lower.front() + "/file", "text"));
    TRY(sys::make_directories(layout.mount_point));
    return prepare_storage(StorageDriver::fuse_overlayfs, layout);
  }));
  auto go = sys::make_pipe();
  auto said = sys::make_pipe();
  REQUIRE(go);
  REQUIRE(said);
  // The one that lives on, as the holder of an environment does.
  const auto survivor = [&]() -> int {
    go->write_end.reset();
    char byte = 0;
    (void)sys::read_some(go->read_end.get(), {&byte, 1});
    const auto use = []() -> Result<void> {
      TRY_ASSIGN(const std::string text, sys::read_file("/file"));
      EXPECT_EQ(text, std::string("text"));
      return put("/new/file", "new");
    };
    const auto used = use();
    (void)sys::write_all(said->write_end.get(), used ? "used" : used.error().to_line());
    return 0;
  };
  const auto start = [&]() -> Result<void> {
    TRY_ASSIGN(const sys::FileLock lock,
               sys::FileLock::acquire(lock_path, sys::LockMode::exclusive));
    TRY_ASSIGN(const MountedRoot mounted,
               mount_root(StorageDriver::fuse_overlayfs, layout, lock.fd()));
    const pid_t pid = mounted.server_pid;
    TRY_ASSIGN(const std::string name, sys::read_file(format("/proc/{}/comm", pid)));
    EXPECT_EQ(name, std::string("fuse-overlayfs\n"));
    TRY_ASSIGN(const std::string stat, sys::read_file(format("/proc/{}/stat", pid)));
    // Group, session and terminal (proc(5)): no signal of the user's terminal reaches it.
    EXPECT(stat.find(format(" {} {} 0 -1 ", pid, pid)) != std::string::npos);
    TRY(sys::change_root(mounted.root.get()));
    TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&lock, &survivor] {
                 const sys::UniqueFd closed(lock.fd());  // only the server keeps it
                 return survivor();
               }));
    child.detach();
    return {};
  };
  auto starter = spawn_in_user_namespace(map, MountNamespace::own, [&]() -> int {
    const auto started = start();
    if (!started) {
      (void)sys::write_all(said->write_end.get(), started.error().to_line());
    }
    return started ? 0 : 1;
  });
  REQUIRE_MESSAGE(starter.has_value(), (starter ? std::string() : starter.error().to_line()));
  const auto status = starter->wait();
  REQUIRE(status);
  CHECK(status->code == 0);
  // The starter has ended, and with it its copy of the lock.
  const auto while_served = sys::FileLock::try_acquire(lock_path, sys::LockMode::exclusive);
  REQUIRE(while_served);
  CHECK_FALSE(while_served->has_value());
  said->write_end.reset();
  go->read_end.reset();
  go->write_end.reset();
  CHECK(sys::read_all(said->read_end.get()).value_or("?") == "used");
  CHECK(sys::exists(layout.upper + "/new/file"));
  // With the last process of the mount namespace the mount goes, then the server, then the lock.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool is_free = false;
  while (!is_free && std::chrono::steady_clock::now() < deadline) {
    const auto lock = sys::FileLock::try_acquire(lock_path, sys::LockMode::exclusive);
    is_free = lock && lock->has_value();
    sys::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(is_free);
}

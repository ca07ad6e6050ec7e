// SPDX-License-Identifier: MIT
#include "env/sys/file_lock.hpp"

#include <doctest/doctest.h>

#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

using devenv::test::Scratch;
namespace sys = devenv::sys;
using sys::FileLock;
using sys::LockMode;

namespace {

bool is_free(const std::string& path, LockMode mode = LockMode::exclusive) {
  const auto lock = FileLock::try_acquire(path, mode);
  REQUIRE(lock);
  return lock->has_value();
}

}  // namespace

TEST_CASE("file lock: exclusive excludes, shared shares, closing gives back") {
  const Scratch scratch;
  const std::string path = scratch / "lock";
  {
    const auto lock = FileLock::acquire(path, LockMode::exclusive);
    REQUIRE(lock);
    CHECK_FALSE(is_free(path));
    CHECK_FALSE(is_free(path, LockMode::shared));
  }
  CHECK(is_free(path));
  {
    const auto one = FileLock::acquire(path, LockMode::shared);
    const auto two = FileLock::acquire(path, LockMode::shared);
    REQUIRE(one);
    REQUIRE(two);
    CHECK_FALSE(is_free(path));
    CHECK(is_free(path, LockMode::shared));
  }
  CHECK(((*sys::stat_path(path))->st_mode & 07777U) == 0600U);
  CHECK_FALSE(FileLock::acquire(scratch / "none/lock", LockMode::shared));
}

TEST_CASE("file lock: it lives in a child that has the descriptor") {
  const Scratch scratch;
  const std::string path = scratch / "lock";
  auto gate = sys::make_pipe();
  REQUIRE(gate);
  auto lock = FileLock::acquire(path, LockMode::exclusive);
  REQUIRE(lock);
  auto child = sys::fork_child(0, [&]() -> int {
    gate->write_end.reset();
    (void)sys::read_all(gate->read_end.get());
    return 0;
  });
  REQUIRE(child);
  lock->release().reset();
  CHECK_FALSE(is_free(path));
  gate->write_end.reset();
  REQUIRE(child->wait());
  CHECK(is_free(path));
}

TEST_CASE("file lock: a killed owner gives it back") {
  const Scratch scratch;
  const std::string path = scratch / "lock";
  auto ready = sys::make_pipe();
  REQUIRE(ready);
  auto child = sys::fork_child(0, [&]() -> int {
    const auto lock = FileLock::acquire(path, LockMode::exclusive);
    ready->write_end.reset();
    sys::wait_forever();
  });
  REQUIRE(child);
  ready->write_end.reset();
  (void)sys::read_all(ready->read_end.get());
  CHECK_FALSE(is_free(path));
  REQUIRE(child->signal(9));
  REQUIRE(child->wait());
  CHECK(is_free(path));
}

TEST_CASE("file lock: who waited for a file that was removed locks the new one") {
  const Scratch scratch;
  const std::string path = scratch / "lock";
  auto held = FileLock::acquire(path, LockMode::exclusive);
  REQUIRE(held);
  auto child = sys::fork_child(0, [&]() -> int {
    held->release().reset();  // the copy that was inherited
    const auto lock = FileLock::acquire(path, LockMode::exclusive);
    if (!lock) {
      return 1;
    }
    const auto ours = sys::stat_fd(lock->fd());
    const auto there = sys::stat_path(path);
    return ours && there && *there && ours->st_ino == (*there)->st_ino ? 0 : 2;
  });
  REQUIRE(child);
  REQUIRE(sys::remove_file(path));
  held->release().reset();
  const auto status = child->wait();
  REQUIRE(status);
  CHECK(status->code == 0);
}

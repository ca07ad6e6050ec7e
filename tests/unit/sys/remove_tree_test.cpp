// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"
#include "tests/support/as_user.hpp"
#include "tests/support/scratch.hpp"

using devenv::ErrorCode;
using devenv::test::as_ordinary_user;
using devenv::test::Scratch;
namespace sys = devenv::sys;

TEST_CASE("remove_tree: removes everything and follows nothing") {
  const Scratch scratch;
  REQUIRE(sys::make_directories(scratch / "outside"));
  REQUIRE(sys::write_file_atomic(scratch / "outside/kept", ""));
  REQUIRE(sys::make_directories(scratch / "tree/a/b/c"));
  REQUIRE(sys::write_file_atomic(scratch / "tree/a/file", ""));
  REQUIRE(::symlink("../../outside", (scratch / "tree/a/link").c_str()) == 0);
  REQUIRE(::symlink("../outside", (scratch / "tree/link").c_str()) == 0);
  REQUIRE(::mkfifo((scratch / "tree/fifo").c_str(), 0600) == 0);
  REQUIRE(sys::remove_tree(scratch / "tree/"));
  CHECK_FALSE(sys::exists(scratch / "tree"));
  CHECK(sys::exists(scratch / "outside/kept"));
}

TEST_CASE("remove_tree: a link to a tree is removed, not the tree") {
  const Scratch scratch;
  REQUIRE(sys::make_directories(scratch / "tree/a"));
  REQUIRE(::symlink("tree", (scratch / "link").c_str()) == 0);
  REQUIRE(sys::remove_tree(scratch / "link"));
  CHECK(sys::exists(scratch / "tree/a"));
  CHECK(sys::list_directory(scratch.path()) == std::vector<std::string>{"tree"});
}

TEST_CASE("remove_tree: nothing to remove is no error, the way up is one") {
  const Scratch scratch;
  CHECK(sys::remove_tree(scratch / "none"));
  CHECK(sys::remove_tree(scratch / "none/below"));
  REQUIRE(sys::write_file_atomic(scratch / "file", ""));
  CHECK(sys::remove_tree(scratch / "file"));
  CHECK_FALSE(sys::exists(scratch / "file"));
  for (const char* path : {"", ".", "..", "/", "a/..", "a/."}) {
    CAPTURE(path);
    REQUIRE(sys::make_directories(scratch / "a"));
    const auto refused = sys::remove_tree(path[0] == 'a' ? scratch / path : path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::usage);
  }
}

TEST_CASE("remove_tree: beneath an open directory") {
  const Scratch scratch;
  REQUIRE(sys::make_directories(scratch / "a/b"));
  const auto directory = sys::open_file(scratch.path(), O_PATH | O_DIRECTORY);
  REQUIRE(directory);
  REQUIRE(sys::remove_tree(directory->get(), "a"));
  CHECK(sys::list_directory(scratch.path())->empty());
}

TEST_CASE("remove_tree: modes do not keep an ordinary user's own tree") {
  const Scratch scratch;
  CHECK(as_ordinary_user(scratch.path(), [&] {
    const std::string tree = scratch / "tree";
    if (!sys::make_directories(tree + "/closed/inner") ||
        !sys::make_directories(tree + "/read-only/inner") ||
        !sys::write_file_atomic(tree + "/read-only/inner/file", "") ||
        !sys::write_file_atomic(tree + "/read-only/file", "", 0400)) {
      return false;
    }
    ::chmod((tree + "/closed").c_str(), 0);
    ::chmod((tree + "/read-only/inner").c_str(), 0555);
    ::chmod((tree + "/read-only").c_str(), 0555);
    ::chmod(tree.c_str(), 0);
    return sys::remove_tree(tree) && !sys::exists(tree);
  }));
}

TEST_CASE("remove_tree: what belongs to others is an error that names it") {
  const Scratch scratch;
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can make files of others");
    return;
  }
  REQUIRE(sys::make_directories(scratch / "tree/theirs/x"));
  REQUIRE(::chown((scratch / "tree").c_str(), devenv::test::kSomeUid, devenv::test::kSomeUid) == 0);
  CHECK(as_ordinary_user(scratch.path(), [&] {
    const auto removed = sys::remove_tree(scratch / "tree");
    return !removed && removed.error().sys_errno() == EACCES &&
           removed.error().to_line().find("'x'") != std::string::npos;
  }));
  CHECK(sys::exists(scratch / "tree/theirs/x"));
}

TEST_CASE("remove_tree: depth and number are not limited by descriptors or path lengths") {
  const Scratch scratch;
  constexpr int kDepth = 1500;  // beyond the usual limit of open files, in its path beyond PATH_MAX
  constexpr int kWidth = 4200;  // more than are listed at a time
  REQUIRE(sys::make_directories(scratch / "tree/wide"));
  auto here = sys::open_file(scratch / "tree", O_PATH | O_DIRECTORY);
  REQUIRE(here);
  for (int i = 0; i < kDepth; ++i) {
    REQUIRE(::mkdirat(here->get(), "deep", 0755) == 0);
    auto next = sys::open_at(here->get(), "deep", O_PATH | O_DIRECTORY);
    REQUIRE(next);
    here = std::move(next);
  }
  for (int i = 0; i < kWidth; ++i) {
    REQUIRE(::symlink("x", devenv::format("{}/tree/wide/{}", scratch.path(), i).c_str()) == 0);
  }
  REQUIRE(sys::remove_tree(scratch / "tree"));
  CHECK_FALSE(sys::exists(scratch / "tree"));
}

TEST_CASE("remove_tree: never goes into something that is mounted in the tree") {
  const Scratch scratch;
  REQUIRE(sys::make_directories(scratch / "home"));
  REQUIRE(sys::write_file_atomic(scratch / "home/letter", "kept"));
  REQUIRE(sys::make_directories(scratch / "tree/root/home"));
  // The bind mount is on the same file system: the device number alone would not tell.
  const bool root = ::geteuid() == 0;
  auto child = sys::fork_child(
      static_cast<std::uint64_t>(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER), [&]() -> int {
        const auto target = sys::open_file(scratch / "tree/root/home", O_PATH);
        const auto home = sys::clone_mount(scratch / "home", sys::Recursion::no);
        if (!sys::set_propagation("/", sys::Propagation::private_, sys::Recursion::yes) ||
            !target || !home || !sys::attach_mount(home->get(), target->get())) {
          return 1;
        }
        const auto removed = sys::remove_tree(scratch / "tree");
        if (removed || !sys::exists(scratch / "home/letter")) {
          return 2;
        }
        return removed.error().code() == ErrorCode::conflict ? 0 : 3;
      });
  if (!child) {
    MESSAGE("skipped: no mount namespace can be made here");
    return;
  }
  const auto status = child->wait();
  REQUIRE(status);
  CHECK(status->code == 0);
  CHECK(sys::read_file(scratch / "home/letter") == "kept");
}

// SPDX-License-Identifier: MIT
#include "env/sys/file.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "tests/support/as_user.hpp"
#include "tests/support/scratch.hpp"

using devenv::ErrorCode;
using devenv::test::as_ordinary_user;
using devenv::test::Scratch;
namespace sys = devenv::sys;
using Names = std::vector<std::string>;

TEST_CASE("file: the parent of a path") {
  CHECK(sys::parent_of("/a/b") == "/a");
  CHECK(sys::parent_of("/a/b//") == "/a");
  CHECK(sys::parent_of("a/b") == "a");
  CHECK(sys::parent_of("/a") == "/");
  CHECK(sys::parent_of("/") == "/");
  CHECK(sys::parent_of("a") == ".");
}

TEST_CASE("file: every descriptor is closed on exec") {
  const Scratch scratch;
  const auto file = sys::open_file(scratch / "x", O_RDWR | O_CREAT);
  REQUIRE(file);
  const auto copy = sys::duplicate(file->get());
  const auto pipe = sys::make_pipe();
  REQUIRE(copy);
  REQUIRE(pipe);
  for (const int fd : {file->get(), copy->get(), pipe->read_end.get(), pipe->write_end.get()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("file: a descriptor is owned by one object") {
  const Scratch scratch;
  auto file = sys::open_file(scratch / "x", O_RDWR | O_CREAT);
  REQUIRE(file);
  const int number = file->get();
  sys::UniqueFd moved = std::move(*file);
  CHECK_FALSE(file->valid());
  CHECK(moved.get() == number);
  errno = ENOTTY;
  moved.reset();
  CHECK(errno == ENOTTY);
  CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("file: errors name the path and keep the errno") {
  const Scratch scratch;
  const auto missing = sys::open_file(scratch / "none", O_RDONLY);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == ErrorCode::not_found);
  CHECK(missing.error().sys_errno() == ENOENT);
  CHECK(missing.error().message() ==
        devenv::format("cannot open '{}/none': No such file or directory", scratch.path()));
}

TEST_CASE("file: reading stops at the limit") {
  const Scratch scratch;
  const std::string path = scratch / "x";
  const std::string contents(200'000, 'x');
  REQUIRE(sys::write_file_atomic(path, contents));
  CHECK(sys::read_file(path) == contents);
  CHECK(sys::read_file(path, contents.size()) == contents);
  const auto too_long = sys::read_file(path, contents.size() - 1);
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().code() == ErrorCode::integrity);
  CHECK(sys::read_file(path, 0).error().code() == ErrorCode::integrity);
}

TEST_CASE("file: a file that is not there is no error where that is expected") {
  const Scratch scratch;
  CHECK(sys::read_file_if_exists(scratch / "none") == std::nullopt);
  REQUIRE(sys::write_file_atomic(scratch / "file", "x"));
  CHECK(sys::read_file_if_exists(scratch / "file/below") == std::nullopt);
  CHECK(*sys::read_file_if_exists(scratch / "file") == "x");
  CHECK_FALSE(sys::read_file_if_exists(scratch.path()));  // a directory
  CHECK(sys::remove_file(scratch / "none"));
  CHECK_FALSE(sys::stat_path(scratch / "none")->has_value());
  CHECK_FALSE(sys::stat_at(AT_FDCWD, scratch / "file/below")->has_value());
}

TEST_CASE("file: atomic writing replaces the whole file or nothing") {
  const Scratch scratch;
  const std::string path = scratch / "state.json";
  REQUIRE(sys::write_file_atomic(path, "old", 0600));
  REQUIRE(sys::write_file_atomic(path, "new", 0600));
  CHECK(sys::read_file(path) == "new");
  CHECK(((*sys::stat_path(path))->st_mode & 07777U) == 0600U);
  CHECK(sys::list_directory(scratch.path()) == Names{"state.json"});

  // A directory in the way, a directory that is missing: nothing is left over.
  REQUIRE(sys::make_directories(scratch / "dir/below"));
  const auto refused = sys::write_file_atomic(scratch / "dir", "x");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() == devenv::format("cannot write '{}/dir'", scratch.path()));
  CHECK_FALSE(sys::write_file_atomic(scratch / "none/x", "x"));
  CHECK(sys::list_directory(scratch.path()) == Names{"dir", "state.json"});
}

TEST_CASE("file: atomic writing replaces a link, it does not write through it") {
  const Scratch scratch;
  REQUIRE(sys::write_file_atomic(scratch / "target", "kept"));
  REQUIRE(::symlink("target", (scratch / "link").c_str()) == 0);
  REQUIRE(sys::write_file_atomic(scratch / "link", "new"));
  CHECK(sys::read_file(scratch / "target") == "kept");
  CHECK(sys::read_file(scratch / "link") == "new");
}

TEST_CASE("file: directories are made with all their parents") {
  const Scratch scratch;
  for (const char* path : {"a/b/c", "a/b/c", "d//e/", "f/"}) {
    REQUIRE(sys::make_directories(scratch / path, 0700));
    CHECK(sys::is_directory(scratch / path));
  }
  CHECK(((*sys::stat_path(scratch / "a"))->st_mode & 07777U) == 0700U);
  CHECK(sys::make_directories("/"));
  REQUIRE(sys::write_file_atomic(scratch / "file", ""));
  CHECK(sys::make_directories(scratch / "file").error().sys_errno() == EEXIST);
  CHECK(sys::make_directories(scratch / "file/x/y").error().sys_errno() == ENOTDIR);
  CHECK(sys::make_directories("").error().sys_errno() == ENOENT);
}

TEST_CASE("file: a directory that may not be made says so, not that it is missing") {
  const Scratch scratch;
  CHECK(as_ordinary_user(scratch.path(), [&] {
    if (!sys::make_directories(scratch / "closed", 0555)) {
      return false;
    }
    const auto made = sys::make_directories(scratch / "closed/a/b");
    return !made && made.error().sys_errno() == EACCES;
  }));
}

TEST_CASE("file: renaming without replacing") {
  const Scratch scratch;
  REQUIRE(sys::write_file_atomic(scratch / "a", "a"));
  REQUIRE(sys::write_file_atomic(scratch / "b", "b"));
  const auto taken = sys::rename_no_replace(scratch / "a", scratch / "b");
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code() == ErrorCode::conflict);
  CHECK(sys::read_file(scratch / "b") == "b");
  REQUIRE(sys::rename_no_replace(scratch / "a", scratch / "c"));
  CHECK(sys::read_file(scratch / "c") == "a");
  CHECK(sys::rename_no_replace(scratch / "a", scratch / "d").error().code() ==
        ErrorCode::not_found);
  REQUIRE(sys::rename_path(scratch / "c", scratch / "b"));
  CHECK(sys::read_file(scratch / "b") == "a");
}

TEST_CASE("file: two paths are exchanged at once") {
  const Scratch scratch;
  REQUIRE(sys::write_file_atomic(scratch / "a", "a"));
  REQUIRE(sys::make_directories(scratch / "b/c"));
  REQUIRE(sys::exchange_paths(scratch / "a", scratch / "b"));
  CHECK(sys::is_directory(scratch / "a/c"));
  CHECK(sys::read_file(scratch / "b") == "a");
  CHECK(sys::exchange_paths(scratch / "a", scratch / "d").error().code() == ErrorCode::not_found);
}

TEST_CASE("file: questions about paths") {
  const Scratch scratch;
  REQUIRE(sys::make_directories(scratch / "dir"));
  REQUIRE(sys::write_file_atomic(scratch / "program", "", 0755));
  REQUIRE(sys::write_file_atomic(scratch / "file", ""));
  REQUIRE(::symlink("dir", (scratch / "link").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (scratch / "dangling").c_str()) == 0);
  CHECK(sys::exists(scratch / "dir"));
  CHECK_FALSE(sys::exists(scratch / "dangling"));
  CHECK(sys::is_directory(scratch / "link"));
  CHECK_FALSE(sys::is_directory(scratch / "file"));
  CHECK(sys::is_executable(scratch / "program"));
  CHECK_FALSE(sys::is_executable(scratch / "file"));
  CHECK_FALSE(sys::is_executable(scratch / "dir"));
  CHECK(sys::read_link(scratch / "dangling") == "nowhere");
  CHECK(sys::read_link(scratch / "file").error().sys_errno() == EINVAL);
  CHECK(sys::canonical_path(scratch / "link/../file") == *sys::canonical_path(scratch / "file"));
  CHECK(sys::canonical_path(scratch / "dangling").error().code() == ErrorCode::not_found);
  CHECK(S_ISLNK((*sys::stat_at(AT_FDCWD, scratch / "dangling"))->st_mode));
  CHECK(sys::list_directory(scratch.path()) == Names{"dangling", "dir", "file", "link", "program"});
  CHECK_FALSE(sys::list_directory(scratch / "file"));
  CHECK(sys::current_directory()->starts_with('/'));
}

TEST_CASE("file: what a file system is") {
  const Scratch scratch;
  const auto info = sys::file_system_info(scratch.path());
  REQUIRE(info);
  CHECK(info->available_bytes > 0);
  CHECK_FALSE(info->read_only);
  CHECK(sys::file_system_info("/proc")->type == 0x9fa0);  // PROC_SUPER_MAGIC
  CHECK_FALSE(sys::file_system_info(scratch / "none"));
}

TEST_CASE("file: a temporary directory goes with its owner") {
  const Scratch scratch;
  std::string gone;
  std::string kept;
  {
    auto first = sys::TemporaryDirectory::create(scratch.path(), "x-");
    auto second = sys::TemporaryDirectory::create(scratch.path(), "x-");
    REQUIRE(first);
    REQUIRE(second);
    gone = first->path();
    REQUIRE(sys::make_directories(gone + "/a/b"));
    CHECK(((*sys::stat_path(gone))->st_mode & 07777U) == 0700U);
    kept = second->release();
    *second = std::move(*first);
  }
  CHECK_FALSE(sys::exists(gone));
  CHECK(sys::exists(kept));
  CHECK_FALSE(sys::TemporaryDirectory::create(scratch / "none", "x-"));
}

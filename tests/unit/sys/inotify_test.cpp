// SPDX-License-Identifier: MIT
#include "env/sys/inotify.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <filesystem>

#include "env/sys/poll.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::sys {
namespace {

class Watched {
 public:
  Watched() : watch_(make()) {
    const auto directory = open_file(scratch.path(), O_PATH | O_DIRECTORY);
    REQUIRE(directory);
    REQUIRE(watch_.add(directory->get()));
    // The same again is no second one.
    REQUIRE(watch_.add(directory->get()));
  }
  /// Whether anything has happened since it was last asked.
  bool changed() {
    std::vector<WaitEntry> entries = {{.fd = watch_.fd()}};
    REQUIRE(wait_for_any(entries, std::chrono::milliseconds(0)));
    watch_.drain();
    return entries[0].ready;
  }
  DirectoryWatch& watch() { return watch_; }

  test::Scratch scratch;

 private:
  static DirectoryWatch make() {
    auto made = DirectoryWatch::create();
    REQUIRE(made);
    return *std::move(made);
  }
  DirectoryWatch watch_;
};

}  // namespace

TEST_CASE("inotify: what is made, written, renamed and removed is told, once") {
  Watched watched;
  CHECK_FALSE(watched.changed());
  REQUIRE(write_file_atomic(watched.scratch / "a", "1"));
  CHECK(watched.changed());
  CHECK_FALSE(watched.changed());
  REQUIRE(rename_path(watched.scratch / "a", watched.scratch / "b"));
  CHECK(watched.changed());
  REQUIRE(open_file(watched.scratch / "b", O_WRONLY | O_TRUNC));
  CHECK(watched.changed());
  REQUIRE(make_directories(watched.scratch / "c"));
  CHECK(watched.changed());
  std::filesystem::create_symlink("b", watched.scratch / "d");
  CHECK(watched.changed());
  REQUIRE(remove_file(watched.scratch / "b"));
  CHECK(watched.changed());
}

TEST_CASE("inotify: reading is no change, nor what happens below") {
  Watched watched;
  REQUIRE(make_directories(watched.scratch / "below"));
  REQUIRE(write_file_atomic(watched.scratch / "a", "1"));
  CHECK(watched.changed());
  CHECK(read_file(watched.scratch / "a"));
  CHECK(list_directory(watched.scratch.path()));
  REQUIRE(write_file_atomic(watched.scratch / "below/b", "1"));
  CHECK_FALSE(watched.changed());
}

TEST_CASE("inotify: only directories") {
  Watched watched;
  REQUIRE(write_file_atomic(watched.scratch / "a", "1"));
  const auto file = open_file(watched.scratch / "a", O_PATH);
  REQUIRE(file);
  CHECK(watched.watch().add(file->get()).error().sys_errno() == ENOTDIR);
  CHECK_FALSE(watched.watch().add(-1));
}

}  // namespace devenv::sys

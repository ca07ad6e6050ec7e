// SPDX-License-Identifier: MIT
#include "env/sys/entry.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

using devenv::ErrorCode;
using devenv::test::Scratch;
namespace sys = devenv::sys;

namespace {

sys::UniqueFd open_directory(const Scratch& scratch) {
  auto fd = sys::open_file(scratch.path(), O_RDONLY | O_DIRECTORY);
  REQUIRE(fd);
  return std::move(*fd);
}

}  // namespace

TEST_CASE("entry: things are made with exactly the mode that was asked for") {
  const Scratch scratch;
  const sys::UniqueFd directory = open_directory(scratch);
  const mode_t before = ::umask(077);
  CHECK(sys::make_directory_at(directory.get(), "dir", 01777));
  ::umask(before);
  CHECK(((*sys::stat_path(scratch / "dir"))->st_mode & 07777U) == 01777U);
  CHECK(sys::make_directory_at(directory.get(), "dir", 0755).error().code() == ErrorCode::conflict);
  REQUIRE(sys::make_node_at(directory.get(), "fifo", S_IFIFO | 0600, 0));
  CHECK(S_ISFIFO((*sys::stat_path(scratch / "fifo"))->st_mode));
  REQUIRE(sys::set_mode_at(directory.get(), "fifo", 0640));
  CHECK(((*sys::stat_path(scratch / "fifo"))->st_mode & 07777U) == 0640U);
}

TEST_CASE("entry: links are made, read and never followed") {
  const Scratch scratch;
  const sys::UniqueFd directory = open_directory(scratch);
  REQUIRE(sys::write_file_atomic(scratch / "target", "x", 0644));
  REQUIRE(sys::make_symlink_at(directory.get(), "link", "target"));
  CHECK(sys::read_link_at(directory.get(), "link") == "target");
  CHECK(sys::set_mode_at(directory.get(), "link", 0600).error().code() == ErrorCode::unsupported);
  CHECK(((*sys::stat_path(scratch / "target"))->st_mode & 07777U) == 0644U);
  const timespec time{.tv_sec = 1'000'000'000, .tv_nsec = 5};
  REQUIRE(sys::set_modified_at(directory.get(), "link", time));
  CHECK((*sys::stat_at(directory.get(), "link"))->st_mtim.tv_sec == 1'000'000'000);
  CHECK((*sys::stat_path(scratch / "target"))->st_mtim.tv_sec != 1'000'000'000);
  REQUIRE(sys::set_owner_at(directory.get(), "link", ::getuid(), ::getgid()));

  REQUIRE(sys::make_hard_link_at(directory.get(), "link", directory.get(), "other"));
  CHECK(S_ISLNK((*sys::stat_at(directory.get(), "other"))->st_mode));
  REQUIRE(sys::rename_at(directory.get(), "other", "target"));
  CHECK(sys::read_link_at(directory.get(), "target") == "target");
  REQUIRE(sys::remove_file_at(directory.get(), "target"));
  CHECK(sys::remove_file_at(directory.get(), "target").error().code() == ErrorCode::not_found);
}

TEST_CASE("entry: copies have the same contents, holes included") {
  const Scratch scratch;
  constexpr off_t kHole = 8 * 1024 * 1024;
  const auto from = sys::open_file(scratch / "from", O_RDWR | O_CREAT);
  const auto to = sys::open_file(scratch / "to", O_RDWR | O_CREAT);
  REQUIRE(from);
  REQUIRE(to);
  REQUIRE(::pwrite(from->get(), "start", 5, 0) == 5);
  REQUIRE(::pwrite(from->get(), "end", 3, kHole) == 3);
  REQUIRE(::ftruncate(from->get(), 2 * kHole) == 0);
  REQUIRE(sys::copy_contents(from->get(), to->get()));
  CHECK(sys::read_file(scratch / "to") == *sys::read_file(scratch / "from"));
  CHECK((*sys::stat_path(scratch / "to"))->st_size == 2 * kHole);
  CHECK((*sys::stat_path(scratch / "to"))->st_blocks * 512 < kHole);

  const auto nothing = sys::open_file(scratch / "nothing", O_RDWR | O_CREAT);
  const auto copy = sys::open_file(scratch / "copy", O_RDWR | O_CREAT);
  REQUIRE(sys::copy_contents(nothing->get(), copy->get()));
  CHECK((*sys::stat_path(scratch / "copy"))->st_size == 0);
}

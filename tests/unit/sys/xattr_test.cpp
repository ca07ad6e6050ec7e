// SPDX-License-Identifier: MIT
#include "env/sys/xattr.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

using devenv::ErrorCode;
using devenv::test::Scratch;
namespace sys = devenv::sys;

TEST_CASE("xattr: attributes are set, read and listed without following links") {
  const Scratch scratch;
  const auto directory = sys::open_file(scratch.path(), O_RDONLY | O_DIRECTORY);
  const auto file = sys::open_file(scratch / "file", O_RDWR | O_CREAT);
  REQUIRE(directory);
  REQUIRE(file);
  if (const auto set = sys::set_xattr(file->get(), "user.devenv", std::string("a\0b", 3)); !set) {
    REQUIRE(set.error().code() == ErrorCode::unsupported);
    MESSAGE("skipped: this file system has no user attributes");
    return;
  }
  CHECK(sys::get_xattr_at(directory->get(), "file", "user.devenv") == std::string("a\0b", 3));
  CHECK(sys::get_xattr_at(directory->get(), "file", "user.other") == std::nullopt);
  REQUIRE(sys::set_xattr_at(directory->get(), "file", "user.empty", ""));
  CHECK(**sys::get_xattr_at(directory->get(), "file", "user.empty") == "");
  auto names = *sys::list_xattrs_at(directory->get(), "file");
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("user."); });
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"user.devenv", "user.empty"});

  REQUIRE(::symlink("file", (scratch / "link").c_str()) == 0);
  CHECK(*sys::get_xattr_at(directory->get(), "link", "user.devenv") == std::nullopt);
  CHECK_FALSE(sys::set_xattr_at(directory->get(), "link", "user.devenv", "x"));
  CHECK(sys::get_xattr_at(directory->get(), "none", "user.x").error().code() ==
        ErrorCode::not_found);
  CHECK(sys::get_xattr_at(AT_FDCWD, scratch / "file", "user.devenv") == std::string("a\0b", 3));
}

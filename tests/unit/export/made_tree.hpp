// SPDX-License-Identifier: MIT
// A made-up root of an environment, or a piece of a host, and pictures to put into it.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::exporting::test {

class MadeTree {
 public:
  const std::string& path() const { return scratch_.path(); }
  std::string operator/(const std::string& name) const { return scratch_ / name; }

  MadeTree& file(const std::string& name, std::string_view contents) {
    const std::string path = scratch_ / name;
    REQUIRE(sys::make_directories(path.substr(0, path.find_last_of('/'))));
    REQUIRE(sys::write_file_atomic(path, contents));
    return *this;
  }
  MadeTree& link(const std::string& name, const std::string& target) {
    const std::string path = scratch_ / name;
    REQUIRE(sys::make_directories(path.substr(0, path.find_last_of('/'))));
    std::filesystem::create_symlink(target, path);
    return *this;
  }
  sys::UniqueFd root() const {
    auto fd = sys::open_file(scratch_.path(), O_PATH | O_DIRECTORY);
    REQUIRE(fd);
    return *std::move(fd);
  }

 private:
  devenv::test::Scratch scratch_;
};

/// As much of a PNG file as says how large it is (at most 65535 pixels).
inline std::string png(int width, int height) {
  const auto number = [](int value) {
    return std::string{'\0', '\0', static_cast<char>(value >> 8), static_cast<char>(value)};
  };
  return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) + number(width) + number(height);
}
inline std::string png(int size) {
  return png(size, size);
}

inline constexpr std::string_view kSvg = R"(<?xml version="1.0"?><svg xmlns="x"/>)";

}  // namespace devenv::exporting::test

// SPDX-License-Identifier: MIT
// A directory of its own for a test, removed afterwards.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::test {

class Scratch {
 public:
  Scratch() {
    auto made =
        sys::TemporaryDirectory::create(std::filesystem::temp_directory_path(), "devenv-test-");
    REQUIRE(made);
    path_ = made->release();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { (void)sys::remove_tree(path_); }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace devenv::test

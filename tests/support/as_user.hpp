// SPDX-License-Identifier: MIT
// Permissions mean nothing to root: what is about them is tested as somebody else.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <functional>

#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"

namespace devenv::test {

constexpr std::uint32_t kSomeUid = 54321;

/// Whether `body` is true in a process of an ordinary user. `directory` is given to that user.
inline bool as_ordinary_user(const std::string& directory, const std::function<bool()>& body) {
  const bool root = ::geteuid() == 0;
  if (root) {
    REQUIRE(::chown(directory.c_str(), kSomeUid, kSomeUid) == 0);
  }
  auto child = sys::fork_child(0, [&]() -> int {
    if (root && !sys::become(kSomeUid, kSomeUid)) {
      return 2;
    }
    return body() ? 0 : 1;
  });
  REQUIRE(child);
  const auto status = child->wait();
  REQUIRE(status);
  return status->success();
}

}  // namespace devenv::test

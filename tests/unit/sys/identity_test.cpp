// SPDX-License-Identifier: MIT
// Users, credentials, the kernel: who and where this process is.
#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>

#include "env/sys/kernel.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "env/sys/users.hpp"

using devenv::ErrorCode;
namespace sys = devenv::sys;

namespace {

/// Whether `body` is true in a child, whose variables and ids are its own.
template <typename Body>
bool in_child(Body body) {
  auto child = sys::fork_child(0, [&]() -> int { return body() ? 0 : 1; });
  REQUIRE(child);
  const auto status = child->wait();
  REQUIRE(status);
  return status->success();
}

}  // namespace

TEST_CASE("users: an absolute HOME wins over the passwd entry") {
  CHECK(in_child([] {
    ::setenv("HOME", "/elsewhere", 1);
    const auto user = sys::current_user();
    return user && user->home == "/elsewhere" && user->uid.get() == ::getuid() &&
           !user->name.empty() && !user->shell.empty() && !sys::group_name(*user).empty();
  }));
  CHECK(in_child([] {
    ::setenv("HOME", "relative", 1);
    const auto user = sys::current_user();
    return !user || user->home.starts_with('/');
  }));
}

TEST_CASE("users: without a passwd entry the variables are used") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can become a user that does not exist");
    return;
  }
  constexpr std::uint32_t kNobody = 3'999'999'999U;
  CHECK(in_child([] {
    ::setenv("HOME", "/home/ada", 1);
    ::setenv("USER", "ada", 1);
    ::setenv("SHELL", "/bin/zsh", 1);
    if (!sys::become(kNobody, kNobody)) {
      return false;
    }
    const auto user = sys::current_user();
    return user && user->name == "ada" && user->home == "/home/ada" && user->shell == "/bin/zsh" &&
           sys::group_name(*user) == "ada" && user->uid.get() == kNobody;
  }));
  CHECK(in_child([] {
    ::unsetenv("HOME");
    ::unsetenv("USER");
    if (!sys::become(kNobody, kNobody)) {
      return false;
    }
    const auto user = sys::current_user();
    return !user && user.error().code() == ErrorCode::unsupported &&
           user.error().message() == "user 'user3999999999' has no home directory";
  }));
}

TEST_CASE("namespaces: becoming another user changes every id and leaves no groups") {
  const auto own = sys::credentials();
  REQUIRE(own);
  CHECK(own->uid == ::getuid());
  CHECK(own->effective_uid == ::geteuid());
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can become somebody else");
    return;
  }
  CHECK(in_child([] {
    if (!sys::become(1234, 5678)) {
      return false;
    }
    const auto now = sys::credentials();
    return now && now->uid == 1234 && now->effective_uid == 1234 && now->gid == 5678 &&
           now->groups.empty() && ::prctl(PR_GET_DUMPABLE) != 1 && !sys::become(0, 0);
  }));
}

TEST_CASE("kernel: has a release and a machine") {
  const sys::KernelInfo info = sys::kernel_info();
  CHECK_FALSE(info.machine.empty());
  CHECK(info.release.find('.') != std::string::npos);
}

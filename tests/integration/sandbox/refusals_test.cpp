// SPDX-License-Identifier: MIT
// Each way a host forbids user namespaces that can be brought about without changing the host.
#include <doctest/doctest.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "env/sys/users.hpp"
#include "tests/integration/sandbox/fixture.hpp"

using namespace devenv;
using namespace devenv::sandbox;
using namespace devenv::sandbox::testing;

namespace {

/// The error of starting a child in a user namespace, after `prepare` in a process of its own.
Error refusal_after(const std::function<Result<void>()>& prepare, const IdMap& map) {
  auto pipe = sys::make_pipe();
  REQUIRE(pipe);
  auto child = sys::fork_child(0, [&]() -> int {
    pipe->read_end.reset();
    const auto attempt = [&]() -> Result<void> {
      TRY(prepare());
      TRY(spawn_in_user_namespace(map, MountNamespace::own, [] { return 0; }));
      return fail(ErrorCode::failed, "it was not refused");
    };
    (void)sys::write_all(pipe->write_end.get(), encode_error(attempt().error()));
    return 0;
  });
  REQUIRE(child);
  pipe->write_end.reset();
  const auto text = sys::read_all(pipe->read_end.get());
  REQUIRE(text);
  REQUIRE(child->wait());
  return decode_error(*text);
}

bool is_root() {
  return ::geteuid() == 0;
}

}  // namespace

TEST_CASE("refusal: a namespace may hold no more user namespaces") {
  // The setting is one per user namespace, so it can be tried in one of ours.
  const auto refused = run_as_namespace_root(own_map(), []() -> Result<void> {
    TRY_ASSIGN(const sys::UniqueFd setting,
               sys::open_file("/proc/sys/user/max_user_namespaces", O_WRONLY));
    TRY(sys::write_all(setting.get(), "0\n"));
    const IdMap map{.uids = {{0, 0, 1}}, .gids = {{0, 0, 1}}};
    TRY(spawn_in_user_namespace(map, MountNamespace::own, [] { return 0; }));
    return {};
  });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::unsupported);
  CHECK(refused.error().message() == "cannot make a user namespace");
  CHECK(refused.error().hint() == "allow them: sudo sysctl -w user.max_user_namespaces=15000");
}

TEST_CASE("refusal: newuidmap without its setuid bit") {
  if (is_root()) {
    return;  // writes the maps itself
  }
  const IdMap map = own_map();
  const Scratch scratch(map);
  const std::string helper = scratch.path() + "/newuidmap";
  CHECK_OK(put(helper, "#!/bin/sh\necho \"newuidmap: write to uid_map failed: no\" >&2\nexit 1\n"));
  REQUIRE(::chmod(helper.c_str(), 0755) == 0);
  const Error error = refusal_after(
      [&]() -> Result<void> {
        ::setenv("PATH", scratch.path().c_str(), 1);
        return {};
      },
      map);
  CHECK(error.code() == ErrorCode::unsupported);
  CHECK(error.to_line() ==
        "cannot map 65537 user ids: newuidmap exited with status 1: write to uid_map failed: no");
  CHECK(error.hint() == "the program needs its setuid bit: sudo chmod u+s " + helper);
}

TEST_CASE("refusal: no_new_privs takes the helpers' rights away") {
  if (is_root()) {
    return;
  }
  const Error error = refusal_after(
      []() -> Result<void> {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        return {};
      },
      own_map());
  CHECK(error.code() == ErrorCode::unsupported);
  CHECK(error.hint().starts_with("this process may not gain privileges (no_new_privs)"));
}

TEST_CASE("refusal: a group other than the primary one, as newgrp sets it") {
  const struct passwd* entry = ::getpwnam("devenvtest");
  if (!is_root()) {
    return;  // only root can take another group; it tries this as the tests' user
  }
  if (entry == nullptr) {
    MESSAGE("SKIP: no user devenvtest");
    return;
  }
  const uid_t uid = entry->pw_uid;
  const gid_t gid = entry->pw_gid;
  const std::string group = ::getgrgid(gid)->gr_name;
  const auto ranges = sys::read_file("/etc/subuid");
  REQUIRE(ranges);
  const auto own = parse_subordinate_ranges(*ranges, "devenvtest", uid);
  const IdMap map{.uids = keep_id_extents(uid, own), .gids = keep_id_extents(gid, own)};
  const Error error = refusal_after(
      [uid]() -> Result<void> {
        ::setenv("HOME", "/", 1);
        return sys::become(uid, 65533);
      },
      map);
  CHECK(error.code() == ErrorCode::unsupported);
  CHECK(error.hint() ==
        format("the current group is not your primary group: leave the shell that newgrp started, "
               "or run: sg {} -c devenv",
               group));
}

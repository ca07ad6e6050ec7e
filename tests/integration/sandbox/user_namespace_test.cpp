// SPDX-License-Identifier: MIT
#include "env/sandbox/user_namespace.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "env/base/text.hpp"
#include "env/sandbox/id_map_text.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "tests/integration/sandbox/fixture.hpp"

using namespace devenv;
using namespace devenv::sandbox;
using devenv::sandbox::testing::maps_to_test;
using devenv::sandbox::testing::own_map;
using devenv::sandbox::testing::Scratch;

namespace {

constexpr std::chrono::seconds kPatience{20};

/// The numbers of a map file, without its padding.
std::string plain(std::string_view map_file) {
  std::string result;
  for (const std::string_view line : text::lines(map_file)) {
    std::vector<std::string> fields;
    for (const std::string_view field : text::split(line, ' ')) {
      if (!field.empty()) {
        fields.emplace_back(field);
      }
    }
    result += join(fields, " ") + "\n";
  }
  return result;
}

bool has_ended(pid_t pid) {
  const auto process = sys::open_pidfd(pid);
  if (!process) {
    return true;
  }
  const auto ended = sys::wait_pidfd(process->get(), kPatience);
  return ended && *ended;
}

}  // namespace

TEST_CASE("user namespace: the map is in force, seen from outside") {
  for (const IdMap& map : maps_to_test()) {
    CAPTURE(map.to_string());
    auto hold = sys::make_pipe();
    REQUIRE(hold);
    auto child = spawn_in_user_namespace(map, MountNamespace::shared, [&hold] {
      hold->write_end.reset();
      char byte = 0;
      (void)sys::read_some(hold->read_end.get(), {&byte, 1});
      return 7;
    });
    REQUIRE_MESSAGE(child.has_value(), (child ? std::string() : child.error().to_line()));
    const auto uids = sys::read_file(format("/proc/{}/uid_map", child->pid()));
    const auto gids = sys::read_file(format("/proc/{}/gid_map", child->pid()));
    const auto groups = sys::read_file(format("/proc/{}/setgroups", child->pid()));
    hold->write_end.reset();
    const auto status = child->wait();
    REQUIRE(uids);
    REQUIRE(gids);
    REQUIRE(groups);
    CHECK(plain(*uids) == map_file_text(map.uids));
    CHECK(plain(*gids) == map_file_text(map.gids));
    CHECK(*groups == "allow\n");
    REQUIRE(status);
    CHECK(status->code == 7);
  }
}

TEST_CASE("user namespace: the user's own ids, all capabilities, files of other ids") {
  const auto outside = sys::credentials();
  REQUIRE(outside);
  for (const IdMap& map : maps_to_test()) {
    const Scratch scratch(map);
    const auto work = [&]() -> Result<void> {
      TRY_ASSIGN(const sys::Credentials inside, sys::credentials());
      EXPECT_EQ(inside.uid, outside->uid);
      EXPECT_EQ(inside.effective_uid, outside->effective_uid);
      const std::string file = scratch.path() + "/file";
      TRY(sandbox::testing::put(file, "text"));
      for (const std::uint32_t id : {0U, 1U, 1234U, 65534U, 65535U}) {
        TRY(sys::set_owner_at(AT_FDCWD, file, id, id));
        TRY_ASSIGN(const auto info, sys::stat_path(file));
        EXPECT_EQ(info->st_uid, id);
        EXPECT_EQ(info->st_gid, id);
      }
      const auto beyond = sys::set_owner_at(AT_FDCWD, file, 3'000'000'000, 0);
      EXPECT(!beyond && beyond.error().sys_errno() == EINVAL);
      return {};
    };
    CHECK_OK(run_in_user_namespace(map, MountNamespace::shared, work));
  }
}

TEST_CASE("user namespace: mounts of the own mount namespace stay there") {
  const Scratch scratch(own_map());
  const std::string inside = scratch.path() + "/inside";
  const auto work = [&inside]() -> Result<void> {
    TRY(sys::make_directories(inside));
    TRY_ASSIGN(const sys::UniqueFd target, sys::open_file(inside, O_PATH | O_DIRECTORY));
    TRY(sys::mount_file_system("tmpfs", "test", target.get(), 0, ""));
    TRY(sandbox::testing::put(inside + "/file", ""));
    TRY_ASSIGN(const std::string mounts, sys::read_file("/proc/self/mountinfo"));
    for (const std::string_view line : text::lines(mounts)) {
      EXPECT(line.find(" shared:") == std::string_view::npos);
    }
    return {};
  };
  CHECK_OK(run_in_user_namespace(scratch.map(), MountNamespace::own, work));
  CHECK(sys::is_directory(inside));
  CHECK_FALSE(sys::exists(inside + "/file"));
}

TEST_CASE("user namespace: descriptors stay open in the child") {
  auto pipe = sys::make_pipe();
  REQUIRE(pipe);
  const auto work = [&pipe] { return sys::write_all(pipe->write_end.get(), "from inside"); };
  CHECK_OK(run_in_user_namespace(own_map(), MountNamespace::own, work));
  pipe->write_end.reset();
  CHECK(sys::read_all(pipe->read_end.get()).value_or("") == "from inside");
}

TEST_CASE("user namespace: a child that is killed is reported") {
  const auto killed = run_as_namespace_root(own_map(), []() -> Result<void> {
    ::raise(SIGKILL);
    return {};
  });
  REQUIRE_FALSE(killed);
  CHECK(killed.error().message() == "a child process was killed by signal 9");
}

TEST_CASE("user namespace: a map the host does not allow is an error with a hint") {
  const auto outside = sys::credentials();
  REQUIRE(outside);
  if (outside->effective_uid == 0) {
    return;  // root may map anything
  }
  IdMap map = own_map();
  for (IdExtent& extent : map.uids) {
    extent.outside = extent.count > 1 ? extent.outside + 1 : extent.outside;
  }
  const auto child = spawn_in_user_namespace(map, MountNamespace::own, [] { return 0; });
  REQUIRE_FALSE(child);
  CHECK(child.error().code() == ErrorCode::unsupported);
  CHECK(child.error().to_line().starts_with("cannot map 65537 user ids: newuidmap exited with"));
  CHECK(child.error().to_line().find("not allowed") != std::string::npos);
  CHECK(child.error().hint() ==
        "check that your ranges in /etc/subuid and /etc/subgid are still the same: devenv doctor");
}

TEST_CASE("namespace root: all ids are 0 and there are no groups") {
  for (const IdMap& map : maps_to_test()) {
    CHECK_OK(run_as_namespace_root(map, []() -> Result<void> {
      TRY_ASSIGN(const sys::Credentials inside, sys::credentials());
      EXPECT_EQ(inside.uid, 0U);
      EXPECT_EQ(inside.gid, 0U);
      EXPECT_EQ(inside.effective_uid, 0U);
      EXPECT(inside.groups.empty());
      TRY_ASSIGN(const auto own, sys::read_link("/proc/self/fd/0"));  // still ours to look at
      return {};
    }));
  }
}

TEST_CASE("namespace root: the error of the work comes back whole") {
  const auto failed = run_as_namespace_root(own_map(), []() -> Result<void> {
    return fail(Error::from_errno(ENOSPC, "cannot write")
                    .with_hint("make room")
                    .context("cannot unpack")
                    .with_code(ErrorCode::integrity));
  });
  REQUIRE_FALSE(failed);
  const Error& error = failed.error();
  CHECK(error.code() == ErrorCode::integrity);
  CHECK(error.sys_errno() == ENOSPC);
  CHECK(error.hint() == "make room");
  CHECK(error.to_line() == "cannot unpack: cannot write: No space left on device");
}

TEST_CASE("held namespace: children are root of the same namespace, at once and in turn") {
  for (const IdMap& map : maps_to_test()) {
    const auto held = HeldUserNamespace::create(map);
    REQUIRE_MESSAGE(held.has_value(), (held ? std::string() : held.error().to_line()));
    auto go = sys::make_pipe();
    REQUIRE(go);
    const auto body = [&go] {
      go->write_end.reset();
      char byte = 0;
      (void)sys::read_some(go->read_end.get(), {&byte, 1});
      const auto inside = sys::credentials();
      return inside && inside->uid == 0 && inside->gid == 0 && inside->groups.empty() ? 3 : 1;
    };
    auto first = held->spawn(body);
    auto second = held->spawn(body);
    REQUIRE(first);
    REQUIRE(second);
    const auto first_namespace = sys::namespace_id(first->pid(), "user");
    const auto second_namespace = sys::namespace_id(second->pid(), "user");
    const auto own_namespace = sys::namespace_id(sys::current_pid(), "user");
    go->write_end.reset();
    CHECK(first_namespace.value_or(0) == second_namespace.value_or(1));
    CHECK(first_namespace.value_or(0) != own_namespace.value_or(0));
    const auto first_status = first->wait();
    const auto second_status = second->wait();
    REQUIRE(first_status);
    REQUIRE(second_status);
    CHECK(first_status->code == 3);
    CHECK(second_status->code == 3);
    auto third = held->spawn([] { return 4; });
    REQUIRE(third);
    const auto third_status = third->wait();
    REQUIRE(third_status);
    CHECK(third_status->code == 4);
  }
}

TEST_CASE("held namespace: neither holder nor children outlive a parent that is killed") {
  const IdMap map = own_map();
  auto pids = sys::make_pipe();
  REQUIRE(pids);
  auto parent = sys::fork_child(0, [&]() -> int {
    const auto held = HeldUserNamespace::create(map);
    const auto child = held ? held->spawn([]() -> int { sys::wait_forever(); })
                            : Result<sys::Child>(fail(ErrorCode::failed, ""));
    if (!child) {
      return 1;
    }
    (void)sys::write_all(pids->write_end.get(), format("{}\n", child->pid()));
    const auto root = spawn_in_user_namespace(map, MountNamespace::shared, [] { return 0; });
    (void)sys::write_all(pids->write_end.get(), "ready\n");
    sys::wait_forever();
  });
  REQUIRE(parent);
  pids->write_end.reset();
  std::string said;
  char byte = 0;
  while (!said.ends_with("ready\n") &&
         sys::read_some(pids->read_end.get(), {&byte, 1}).value_or(0) == 1) {
    said += byte;
  }
  REQUIRE(said.ends_with("ready\n"));
  const auto pid = text::parse_number(said.substr(0, said.find('\n')));
  REQUIRE(pid);
  CHECK(parent->signal(SIGKILL));
  CHECK(parent->wait());
  CHECK(has_ended(static_cast<pid_t>(*pid)));
  // The pipe ends when the last process that inherited it does: the holder too.
  CHECK(sys::read_all(pids->read_end.get()).value_or("?").empty());
}

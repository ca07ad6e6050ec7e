// SPDX-License-Identifier: MIT
#include "env/sandbox/mount_plan.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>

#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/integration/sandbox/fixture.hpp"
#include "tests/integration/sandbox/mount_stage.hpp"

using namespace devenv;
using namespace devenv::sandbox;
using namespace devenv::sandbox::testing;

TEST_CASE("mount plan: binds, tmpfs, directories, links, files and programs") {
  for (const IdMap& map : maps_to_test()) {
    CAPTURE(map.to_string());
    const Stage stage(map);
    CHECK_OK(stage.prepare([&] { return put(stage.image("/etc/hosts"), "image"); },
                           [&]() -> Result<void> {
                             TRY(put(stage.host("/data/file"), "host"));
                             return put(stage.host("/single"), "single");
                           }));
    const MountPlan plan = {
        TmpfsMount{.target = EnvPath("/run")},
        MakeDirectory{.path = EnvPath("/run/lock"), .mode = 01777},
        MakeDirectory{
            .path = EnvPath("/home/ann"), .mode = 0700, .uid = EnvUid(5), .gid = EnvGid(6)},
        bind_mount(stage.host("/data"), "/run/host/data"),
        bind_mount(stage.host("/data"), "/new/deep/place"),
        bind_mount(stage.host("/single"), "/etc/single"),
        bind_mount(stage.host("/data"), "/read-only", Presence::required, Access::read_only),
        bind_mount(stage.host("/missing"), "/missing", Presence::optional),
        MakeSymlink{.path = EnvPath("/etc/hosts"), .target = "/run/host/etc/hosts"},
        MakeSymlink{.path = EnvPath("/usr/local/bin/tool"), .target = "/run/tool"},
        MakeSymlink{.path = EnvPath("/etc/single"), .target = "x", .only_if_absent = true},
        MakeFile{.path = EnvPath("/run/marker"), .contents = "abc", .mode = 0640},
        CopyProgram{.source = HostPath("/bin/sh"), .path = EnvPath("/run/bin/sh"), .mode = 04755},
    };
    CHECK_OK(stage.run(plan, [&](int root, const auto& skipped) -> Result<void> {
      EXPECT(skipped.empty());
      struct Row {
        const char* name;
        const char* contents;
      };
      for (const Row& row : std::initializer_list<Row>{{"run/host/data/file", "host"},
                                                       {"new/deep/place/file", "host"},
                                                       {"etc/single", "single"},
                                                       {"read-only/file", "host"},
                                                       {"run/marker", "abc"}}) {
        TRY_ASSIGN(const std::string contents, text_at(root, row.name));
        EXPECT_EQ(contents, std::string(row.contents));
      }
      struct Entry {
        const char* name;
        std::uint32_t uid;
        std::uint32_t gid;
        std::uint32_t mode;
      };
      for (const Entry& entry : std::initializer_list<Entry>{{"run", 0, 0, 0755},
                                                             {"run/lock", 0, 0, 01777},
                                                             {"run/host", 0, 0, 0755},
                                                             {"home", 0, 0, 0755},
                                                             {"home/ann", 5, 6, 0700},
                                                             {"new/deep", 0, 0, 0755},
                                                             {"run/marker", 0, 0, 0640},
                                                             {"run/bin/sh", 0, 0, 04755},
                                                             {"usr/local/bin/tool", 0, 0, 0777},
                                                             {"etc/hosts", 0, 0, 0777}}) {
        TRY_ASSIGN(const auto info, sys::stat_at(root, entry.name));
        EXPECT(info.has_value());
        EXPECT_EQ(info->st_uid, entry.uid);
        EXPECT_EQ(info->st_gid, entry.gid);
        EXPECT_EQ(info->st_mode & 07777U, entry.mode);
      }
      TRY_ASSIGN(const std::string link, sys::read_link_at(root, "etc/hosts"));
      EXPECT_EQ(link, std::string("/run/host/etc/hosts"));
      TRY_ASSIGN(const auto missing, sys::stat_at(root, "missing"));
      EXPECT(!missing);
      const auto refused = sys::open_at(root, "read-only/file", O_WRONLY);
      EXPECT(!refused && refused.error().sys_errno() == EROFS);
      TRY_ASSIGN(const sys::UniqueFd writable,
                 sys::open_at(root, "run/host/data/file", O_WRONLY | O_APPEND));
      TRY(sys::write_all(writable.get(), "+"));
      EXPECT_EQ(*sys::read_file(stage.host("/data/file")), std::string("host+"));
      return {};
    }));
  }
}

TEST_CASE("mount plan: a setuid program on a tmpfs makes the user root inside") {
  const auto caller = sys::credentials();
  REQUIRE(caller);
  for (const IdMap& map : maps_to_test()) {
    const Stage stage(map);
    CHECK_OK(stage.prepare(nothing, nothing));
    const MountPlan plan = {
        TmpfsMount{.target = EnvPath("/run")},
        bind_mount("/", "/run/host"),
        bind_mount("/proc", "/proc"),
        bind_mount("/dev", "/dev"),
        MakeSymlink{.path = EnvPath("/usr"), .target = "/run/host/usr"},
        MakeSymlink{.path = EnvPath("/lib"), .target = "/run/host/usr/lib"},
        MakeSymlink{.path = EnvPath("/lib64"), .target = "/run/host/usr/lib64"},
        CopyProgram{.source = HostPath("/usr/bin/id"), .path = EnvPath("/run/id"), .mode = 04755},
    };
    const auto inside = [&caller]() -> Result<void> {
      TRY_ASSIGN(const sys::Captured plain, sys::run_captured({.argv = {"/usr/bin/id", "-u"}}));
      EXPECT_EQ(plain.err + plain.out, format("{}\n", caller->uid));
      TRY_ASSIGN(const sys::Captured raised, sys::run_captured({.argv = {"/run/id", "-u"}}));
      EXPECT_EQ(raised.err + raised.out, std::string("0\n"));
      return {};
    };
    CHECK_OK(stage.run(
        plan, [](int, const auto&) -> Result<void> { return {}; }, inside));
  }
}

TEST_CASE("mount plan: a target of the other kind is a conflict, skipped when optional") {
  const IdMap map = own_map();
  const Stage stage(map);
  CHECK_OK(stage.prepare(
      [&]() -> Result<void> {
        TRY(put(stage.image("/file"), "image"));
        return put(stage.image("/directory/x"), "image");
      },
      [&]() -> Result<void> {
        TRY(put(stage.host("/data/file"), "host"));
        return put(stage.host("/single"), "single");
      }));
  struct Row {
    std::string source;
    std::string target;
    std::string problem;
  };
  for (const Row& row :
       {Row{"/data", "/file", "'/file' of the environment is not a directory"},
        Row{"/data", "/file/x", "'/file' of the environment is not a directory"},
        Row{"/single", "/directory", "'/directory' of the environment is a directory"}}) {
    CAPTURE(row.target);
    const auto any = [](int, const auto&) -> Result<void> { return {}; };
    const auto refused = stage.run({bind_mount(stage.host(row.source), row.target)}, any);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::conflict);
    CHECK(refused.error().to_line() == format("cannot set up 'bind {} -> {}': {}",
                                              stage.host(row.source), row.target, row.problem));
    const MountPlan optional = {bind_mount(stage.host(row.source), row.target, Presence::optional),
                                MakeFile{.path = EnvPath("/after"), .contents = ""}};
    CHECK_OK(stage.run(optional, [&](int root, const auto& skipped) -> Result<void> {
      EXPECT_EQ(skipped.size(), 1U);
      EXPECT_EQ(skipped.front(),
                format("bind? {} -> {}: {}", stage.host(row.source), row.target, row.problem));
      TRY_ASSIGN(const std::string after, text_at(root, "after"));
      EXPECT_EQ(after, std::string());
      return {};
    }));
  }
}

TEST_CASE("mount plan: a required source that is missing is named") {
  const IdMap map = own_map();
  const Stage stage(map);
  CHECK_OK(stage.prepare(nothing, nothing));
  const auto missing = stage.run({bind_mount("/no/such/place", "/x")},
                                 [](int, const auto&) -> Result<void> { return {}; });
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == ErrorCode::not_found);
  CHECK(missing.error().message() == "cannot set up 'bind /no/such/place -> /x'");
}

TEST_CASE("mount plan: the whole host can be taken, and sees the image nowhere") {
  const IdMap map = own_map();
  const Stage stage(map);
  CHECK_OK(stage.prepare([&] { return put(stage.image("/marker"), ""); }, nothing));
  CHECK_OK(stage.run({bind_mount("/", "/run/host")}, [&](int root, const auto&) -> Result<void> {
    TRY_ASSIGN(const auto etc, sys::stat_at(root, "run/host/etc"));
    EXPECT(etc.has_value());
    // The root was mounted later, so the copy of "/" does not contain it.
    const std::string mount_point = stage.image("").substr(1, stage.image("").size() - 7) + "/root";
    TRY_ASSIGN(const std::string names, names_at(root, "run/host/" + mount_point));
    EXPECT_EQ(names, std::string());
    return {};
  }));
}

// SPDX-License-Identifier: MIT
// Mount plans in images that have links on the way to a target.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>

#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"
#include "tests/integration/sandbox/fixture.hpp"
#include "tests/integration/sandbox/mount_stage.hpp"

using namespace devenv;
using namespace devenv::sandbox;
using namespace devenv::sandbox::testing;

TEST_CASE("mount plan: links in the image never lead out of it") {
  const IdMap map = own_map();
  const Stage stage(map);
  const std::string trap = stage.host("/trap");
  const auto make_image = [&]() -> Result<void> {
    TRY_ASSIGN(const sys::UniqueFd image, sys::open_file(stage.image(""), O_RDONLY));
    const int root = image.get();
    TRY(sys::make_symlink_at(root, "proc", "/../../../../../../../../mnt"));
    TRY(sys::make_symlink_at(root, "run", "/tmp"));
    TRY(sys::make_symlink_at(root, "out", trap));
    TRY(sys::make_symlink_at(root, "up", "../../../../../../../../../" + trap));
    TRY(sys::make_symlink_at(root, "dangling", "var/made/here"));
    TRY(sys::make_directory_at(root, "var", 0755));
    TRY(sys::make_directory_at(root, "etc", 0755));
    TRY(sys::make_symlink_at(root, "var/relative", "../srv/place"));
    TRY(sys::make_symlink_at(root, "etc/file-link", "/var/file"));
    return sys::make_symlink_at(root, "etc/passwd", trap + "/passwd");
  };
  const auto make_host = [&]() -> Result<void> {
    TRY(sys::make_directories(trap));
    TRY(put(stage.host("/data/file"), "host"));
    return put(stage.host("/single"), "single");
  };
  CHECK_OK(stage.prepare(make_image, make_host));
  const std::string data = stage.host("/data");
  const MountPlan plan = {
      bind_mount(data, "/proc"),
      TmpfsMount{.target = EnvPath("/run")},
      bind_mount(data, "/run/below"),
      bind_mount(data, "/out"),
      bind_mount(data, "/up/deeper"),
      bind_mount(data, "/dangling"),
      bind_mount(data, "/var/relative"),
      bind_mount(stage.host("/single"), "/etc/file-link"),
      MakeFile{.path = EnvPath("/etc/passwd"), .contents = "ours"},
      MakeDirectory{.path = EnvPath("/out/made")},
      MakeSymlink{.path = EnvPath("/up/link"), .target = "x"},
      CopyProgram{.source = HostPath("/bin/sh"), .path = EnvPath("/up/sh")},
      bind_mount(data, "/../../../escape"),
  };
  CHECK_OK(stage.run(plan, [&](int root, const auto&) -> Result<void> {
    const std::string inner_trap = trap.substr(1);
    for (const std::string& name :
         {std::string("mnt/file"), std::string("tmp/below/file"), inner_trap + "/file",
          std::string("up/deeper/file"), std::string("var/made/here/file"),
          std::string("srv/place/file"), std::string("escape/file")}) {
      TRY_ASSIGN(const std::string contents, text_at(root, name));
      EXPECT_EQ(name + contents, name + "host");
    }
    return {};
  }));
  // Nothing was made on the host, whatever was mounted in the image.
  CHECK(sys::list_directory(trap).value_or(std::vector<std::string>{"?"}).empty());
  CHECK_FALSE(sys::exists("/escape"));
}

TEST_CASE("mount plan: a link that goes round in circles is an error, not a hang") {
  const IdMap map = own_map();
  const Stage stage(map);
  CHECK_OK(stage.prepare(
      [&]() -> Result<void> {
        TRY(sys::make_symlink_at(AT_FDCWD, stage.image("/a"), "b"));
        return sys::make_symlink_at(AT_FDCWD, stage.image("/b"), "a");
      },
      nothing));
  const auto looped = stage.run({MakeDirectory{.path = EnvPath("/a/x")}},
                                [](int, const auto&) -> Result<void> { return {}; });
  REQUIRE_FALSE(looped);
  CHECK(looped.error().sys_errno() == ELOOP);
}

TEST_CASE(
    "mount plan: a target that links of the image change is refused where that is asked for") {
  const IdMap map = own_map();
  const Stage stage(map);
  CHECK_OK(stage.prepare(
      [&]() -> Result<void> {
        TRY(put(stage.image("/home/ann/x"), "image"));
        TRY_ASSIGN(const sys::UniqueFd image, sys::open_file(stage.image(""), O_RDONLY));
        return sys::make_symlink_at(image.get(), "mnt", "home");
      },
      [&]() -> Result<void> { return put(stage.host("/data/x"), "host"); }));
  BindMount mount = bind_mount(stage.host("/data"), "/mnt/ann", Presence::optional);
  mount.through_links = ThroughLinks::no;
  CHECK_OK(stage.run({mount}, [&](int root, const auto& skipped) -> Result<void> {
    EXPECT_EQ(skipped.size(), 1U);
    TRY_ASSIGN(const std::string kept, text_at(root, "home/ann/x"));
    EXPECT_EQ(kept, std::string("image"));
    return {};
  }));
  mount.through_links = ThroughLinks::yes;
  CHECK_OK(stage.run({mount}, [&](int root, const auto& skipped) -> Result<void> {
    EXPECT_EQ(skipped.size(), 0U);
    TRY_ASSIGN(const std::string covered, text_at(root, "home/ann/x"));
    EXPECT_EQ(covered, std::string("host"));
    return {};
  }));
}

TEST_CASE("mount plan: nothing is made in the host's, whatever the links of the image say") {
  for (const IdMap& map : maps_to_test()) {
    CAPTURE(map.to_string());
    const Stage stage(map);
    CHECK_OK(stage.prepare(
        [&]() -> Result<void> {
          TRY(sys::make_directories(stage.image("/var")));
          TRY(sys::make_symlink_at(AT_FDCWD, stage.image("/var/tmp"), "/tmp"));
          TRY(sys::make_symlink_at(AT_FDCWD, stage.image("/home"), "tmp/made-here"));
          TRY(sys::make_symlink_at(AT_FDCWD, stage.image("/file"), "/tmp/made-too"));
          return sys::make_symlink_at(AT_FDCWD, stage.image("/there"), "/tmp/exists");
        },
        [&]() -> Result<void> {
          TRY(put(stage.host("/tmp/exists/file"), "host"));
          TRY(put(stage.host("/home/file"), "home"));
          return put(stage.host("/single"), "single");
        }));
    const MountPlan plan = {
        bind_mount(stage.host("/tmp"), "/tmp"),
        bind_mount(stage.host("/home"), "/var/tmp/ann"),
        bind_mount(stage.host("/home"), "/home/ann"),
        bind_mount(stage.host("/home"), "/there"),
        bind_mount(stage.host("/single"), "/file", Presence::optional),
        bind_mount(stage.host("/home"), "/tmp/not-there", Presence::optional),
    };
    CHECK_OK(
        stage.run(plan, [&](int root, const std::vector<std::string>& skipped) -> Result<void> {
          for (const char* place : {"/var/tmp/ann/file", "/home/ann/file", "/tmp/exists/file"}) {
            TRY_ASSIGN(const auto text, sys::read_file_in_root(root, place));
            EXPECT_EQ(text.value_or(""), "home");
          }
          EXPECT_EQ(skipped.size(), 2U);
          for (const std::string& line : skipped) {
            EXPECT(line.find("in a directory of the host") != std::string::npos);
          }
          // The link itself is the image's and may go on leading to the host's.
          TRY_ASSIGN(const sys::ParentInRoot file, sys::open_parent_in_root(root, "/file"));
          TRY_ASSIGN(const std::string link, sys::read_link_at(file.directory.get(), file.name));
          EXPECT_EQ(link, "/tmp/made-too");
          return {};
        }));
    CHECK(sys::list_directory(stage.host("/tmp")).value() == std::vector<std::string>{"exists"});
  }
}

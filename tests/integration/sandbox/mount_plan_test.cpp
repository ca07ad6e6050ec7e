// SPDX-License-Identifier: MIT
#include "env/sandbox/mount_plan.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>

#include "env/base/text.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"
#include "tests/integration/sandbox/fixture.hpp"

using namespace devenv;
using namespace devenv::sandbox;
using namespace devenv::sandbox::testing;

namespace {

BindMount bind_mount(const std::string& source,
                     const std::string& target,
                     Presence presence = Presence::required,
                     Access access = Access::read_write) {
  return BindMount{HostPath(source), EnvPath(target), presence, access};
}

/// An image in a scratch directory, a host directory beside it, and a plan that is applied.
class Stage {
 public:
  explicit Stage(const IdMap& map) : scratch_(map) {}

  std::string image(const std::string& path) const { return scratch_.path() + "/image" + path; }
  std::string host(const std::string& path) const { return scratch_.path() + "/host" + path; }

  /// Makes the image (as root of the namespace) and the host's files (as the user).
  Result<void> prepare(const std::function<Result<void>()>& make_image,
                       const std::function<Result<void>()>& make_host) const {
    TRY(sys::make_directories(host("")));
    TRY(make_host());
    return run_as_namespace_root(scratch_.map(), [&]() -> Result<void> {
      TRY(sys::make_directories(image("")));
      TRY(sys::set_mode_at(AT_FDCWD, image(""), 0755));
      return make_image();
    });
  }

  /// Applies the plan as a start does, then runs `check` with what was skipped; `inside` after
  /// pivot_root.
  Result<void> run(const MountPlan& plan,
                   const std::function<Result<void>(int, const std::vector<std::string>&)>& check,
                   const std::function<Result<void>()>& inside = nullptr) const {
    const auto work = [&]() -> Result<void> {
      TRY_ASSIGN(OpenedPlan opened, open_sources(plan));
      const RootLayout layout{.upper = image(""), .mount_point = scratch_.path() + "/root"};
      TRY(sys::make_directories(layout.mount_point));
      TRY_ASSIGN(const MountedRoot mounted, mount_root(StorageDriver::copy, layout, -1));
      TRY_ASSIGN(const std::string before, sys::read_file("/proc/self/mountinfo"));
      TRY_ASSIGN(const auto skipped, apply(std::move(opened), mounted.root.get()));
      TRY(check_mounts_below(before, layout.mount_point));
      TRY(check(mounted.root.get(), skipped));
      if (inside) {
        TRY(sys::change_root(mounted.root.get()));
        TRY(inside());
      }
      return {};
    };
    return run_in_user_namespace(scratch_.map(), MountNamespace::own, work);
  }

 private:
  /// Every mount that came is below the root: none landed on the host's side.
  static Result<void> check_mounts_below(const std::string& before, const std::string& root) {
    std::vector<std::uint64_t> old;
    for (const sys::MountInfo& mount : sys::parse_mountinfo(before)) {
      old.push_back(mount.id);
    }
    TRY_ASSIGN(const std::string now, sys::read_file("/proc/self/mountinfo"));
    for (const sys::MountInfo& mount : sys::parse_mountinfo(now)) {
      const bool is_old = std::find(old.begin(), old.end(), mount.id) != old.end();
      EXPECT((is_old || mount.mount_point.starts_with(root + "/")));
    }
    return {};
  }

  Scratch scratch_;
};

Result<void> nothing() {
  return {};
}

}  // namespace

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

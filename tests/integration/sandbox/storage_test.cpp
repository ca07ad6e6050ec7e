// SPDX-License-Identifier: MIT
#include "env/sandbox/storage.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "env/sandbox/overlay.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/xattr.hpp"
#include "tests/integration/sandbox/fixture.hpp"

using namespace devenv;
using namespace devenv::sandbox;
using namespace devenv::sandbox::testing;

namespace {

/// Each way to put a root together, the fallbacks forced.
struct Way {
  const char* name;
  StorageDriver driver;
  std::function<Result<MountedRoot>(const RootLayout&)> mount;
};

std::vector<Way> ways() {
  std::vector<Way> ways = {
      {"overlay by fsopen", StorageDriver::overlay,
       [](const RootLayout& layout) { return mount_overlay_by_context(layout); }},
      {"overlay by mount", StorageDriver::overlay,
       [](const RootLayout& layout) { return mount_overlay_by_page(layout); }},
      {"copy", StorageDriver::copy,
       [](const RootLayout& layout) { return mount_root(StorageDriver::copy, layout, -1); }},
  };
  if (have_fuse()) {
    ways.push_back({"fuse-overlayfs", StorageDriver::fuse_overlayfs, [](const RootLayout& layout) {
                      return mount_root(StorageDriver::fuse_overlayfs, layout, -1);
                    }});
  }
  return ways;
}

/// Mounts, works in the root, unmounts. As the user with all capabilities.
Result<void> in_root(const Way& way,
                     const RootLayout& layout,
                     const std::function<Result<void>(int)>& work) {
  TRY(sys::make_directories(layout.mount_point));
  TRY_ASSIGN(const MountedRoot mounted, way.mount(layout));
  EXPECT((mounted.server_pid > 0) == (way.driver == StorageDriver::fuse_overlayfs));
  TRY(work(mounted.root.get()));
  TRY(sys::detach_mount(layout.mount_point));
  return {};
}

/// Three layers with everything that needs care when they are put together.
Result<void> make_three_layers(const std::string& layers) {
  const std::string bottom = layers + "/1";
  const std::string middle = layers + "/2";
  const std::string top = layers + "/3";
  TRY(put(bottom + "/a", "bottom"));
  TRY(put(bottom + "/gone", "bottom"));
  TRY(put(bottom + "/dir/x", "bottom"));
  TRY(put(bottom + "/dir/y", "bottom"));
  TRY(put(bottom + "/opaque/old", "bottom"));
  TRY(put(bottom + "/back/old", "bottom"));
  TRY(put(bottom + "/becomes-file/inner", "bottom"));
  TRY(put(bottom + "/becomes-directory", "bottom"));
  TRY(put(bottom + "/hard1", "linked"));
  TRY(put(bottom + "/setuid", "program"));
  TRY(put(bottom + "/owned", "bottom"));
  TRY(put(bottom + "/with-attribute", ""));
  TRY_ASSIGN(const sys::UniqueFd low, sys::open_file(bottom, O_RDONLY | O_DIRECTORY));
  TRY(sys::make_hard_link_at(low.get(), "hard1", low.get(), "hard2"));
  TRY(sys::make_symlink_at(low.get(), "link", "dir/x"));
  TRY(sys::make_node_at(low.get(), "fifo", S_IFIFO | 0600U, 0));
  TRY(sys::set_owner_at(low.get(), "owned", 33, 44));
  TRY(sys::set_mode_at(low.get(), "setuid", 04755));
  TRY(sys::set_modified_at(low.get(), "a", {1'000'000'000, 123'456'789}));
  TRY(sys::set_xattr_at(low.get(), "with-attribute", "user.test", "value"));

  TRY(put(middle + "/dir/x", "middle"));
  TRY(put_whiteout(middle + "/gone"));
  TRY(put_whiteout(middle + "/back"));
  TRY(make_opaque(middle + "/opaque"));
  TRY(put(middle + "/opaque/new", "middle"));
  TRY(put(middle + "/becomes-file", "middle"));
  TRY(put(middle + "/becomes-directory/inner", "middle"));

  TRY(put(top + "/dir/z", "top"));
  TRY(put(top + "/back/new", "top"));
  TRY_ASSIGN(const sys::UniqueFd high, sys::open_file(top, O_RDONLY | O_DIRECTORY));
  TRY(sys::set_owner_at(high.get(), ".", 0, 7));
  return sys::set_mode_at(high.get(), ".", 0751);
}

Result<void> check_merged(int root) {
  TRY_ASSIGN(const std::string names, names_at(root, "."));
  EXPECT_EQ(names,
            "a back becomes-directory becomes-file dir fifo hard1 hard2 link opaque owned setuid "
            "with-attribute");
  struct Row {
    const char* name;
    const char* contents;
  };
  for (const Row& row : std::initializer_list<Row>{{"a", "bottom"},
                                                   {"gone", "(none)"},
                                                   {"dir/x", "middle"},
                                                   {"dir/y", "bottom"},
                                                   {"dir/z", "top"},
                                                   {"opaque/old", "(none)"},
                                                   {"opaque/new", "middle"},
                                                   {"back/old", "(none)"},
                                                   {"back/new", "top"},
                                                   {"becomes-file", "middle"},
                                                   {"becomes-directory/inner", "middle"},
                                                   {"link", "middle"}}) {
    TRY_ASSIGN(const std::string contents, text_at(root, row.name));
    EXPECT_EQ(contents, std::string(row.contents));
  }
  TRY_ASSIGN(const auto top, sys::stat_at(root, "."));
  EXPECT_EQ(top->st_mode & 07777U, 0751U);
  EXPECT_EQ(top->st_uid, 0U);
  EXPECT_EQ(top->st_gid, 7U);
  TRY_ASSIGN(const auto owned, sys::stat_at(root, "owned"));
  EXPECT_EQ(owned->st_uid, 33U);
  EXPECT_EQ(owned->st_gid, 44U);
  TRY_ASSIGN(const auto setuid, sys::stat_at(root, "setuid"));
  EXPECT_EQ(setuid->st_mode & 07777U, 04755U);
  TRY_ASSIGN(const auto timed, sys::stat_at(root, "a"));
  EXPECT_EQ(timed->st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(timed->st_mtim.tv_nsec, 123'456'789);
  TRY_ASSIGN(const auto first, sys::stat_at(root, "hard1"));
  TRY_ASSIGN(const auto second, sys::stat_at(root, "hard2"));
  EXPECT_EQ(first->st_ino, second->st_ino);
  EXPECT_EQ(first->st_nlink, 2U);
  TRY_ASSIGN(const auto fifo, sys::stat_at(root, "fifo"));
  EXPECT(S_ISFIFO(fifo->st_mode));
  TRY_ASSIGN(const auto attribute, sys::get_xattr_at(root, "with-attribute", "user.test"));
  EXPECT_EQ(attribute.value_or("(none)"), std::string("value"));
  TRY_ASSIGN(const auto marks, sys::get_xattr_at(root, "opaque", "user.overlay.opaque"));
  EXPECT(!marks);
  return {};
}

/// What package managers do to an image.
Result<void> change(int root) {
  TRY(sys::remove_file_at(root, "dir/y"));
  TRY(sys::remove_tree(root, "opaque"));
  TRY(sys::make_directory_at(root, "opaque", 0700));
  TRY(sys::rename_at(root, "owned", "renamed"));
  TRY(sys::set_mode_at(root, "a", 0600));
  TRY(sys::set_owner_at(root, "a", 65, 66));
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_at(root, "a", O_WRONLY | O_APPEND));
  TRY(sys::write_all(file.get(), " changed"));
  TRY_ASSIGN(const sys::UniqueFd made, sys::open_at(root, "dir/new", O_WRONLY | O_CREAT, 0644));
  return {};
}

Result<void> check_changed(int root) {
  TRY_ASSIGN(const std::string directory, names_at(root, "dir"));
  EXPECT_EQ(directory, std::string("new x z"));
  TRY_ASSIGN(const std::string opaque, names_at(root, "opaque"));
  EXPECT_EQ(opaque, std::string());
  TRY_ASSIGN(const std::string text, text_at(root, "a"));
  EXPECT_EQ(text, std::string("bottom changed"));
  TRY_ASSIGN(const auto changed, sys::stat_at(root, "a"));
  EXPECT_EQ(changed->st_mode & 07777U, 0600U);
  EXPECT_EQ(changed->st_uid, 65U);
  EXPECT_EQ(changed->st_gid, 66U);
  TRY_ASSIGN(const auto renamed, sys::stat_at(root, "renamed"));
  EXPECT(renamed.has_value());
  EXPECT_EQ(renamed->st_uid, 33U);
  TRY_ASSIGN(const auto owned, sys::stat_at(root, "owned"));
  EXPECT(!owned);
  return {};
}

Result<void> check_layers_untouched(const std::string& layers) {
  EXPECT_EQ(*sys::read_file(layers + "/1/a"), std::string("bottom"));
  EXPECT_EQ(*sys::read_file(layers + "/1/dir/y"), std::string("bottom"));
  EXPECT(sys::exists(layers + "/1/owned"));
  EXPECT(sys::exists(layers + "/2/opaque/new"));
  return {};
}

}  // namespace

TEST_CASE("storage: layers are merged, changes are kept and stay out of the layers") {
  for (const IdMap& map : maps_to_test()) {
    for (const Way& way : ways()) {
      CAPTURE(way.name);
      CAPTURE(map.to_string());
      const Scratch scratch(map);
      const RootLayout layout = layout_in(scratch.path(), 3);
      const std::string layers = scratch.path() + "/layers";
      CHECK_OK(run_as_namespace_root(map, [&]() -> Result<void> {
        TRY(make_three_layers(layers));
        return prepare_storage(way.driver, layout);
      }));
      CHECK_OK(run_in_user_namespace(map, MountNamespace::own, [&]() -> Result<void> {
        return in_root(way, layout, [](int root) -> Result<void> {
          TRY(check_merged(root));
          return change(root);
        });
      }));
      CHECK_OK(run_in_user_namespace(map, MountNamespace::own, [&]() -> Result<void> {
        TRY(in_root(way, layout, check_changed));
        return check_layers_untouched(layers);
      }));
    }
  }
}

TEST_CASE("storage: many layers with names that need quoting") {
  static constexpr std::size_t kLayers = 150;
  const IdMap map = own_map();
  for (const Way& way : ways()) {
    CAPTURE(way.name);
    const Scratch scratch(map);
    // Longer than fsconfig(2) takes, with what separates and escapes mount options.
    const std::string directory =
        scratch.path() + "/a:b,c\\d e=f" + std::string(200, 'x') + "/" + std::string(100, 'y');
    RootLayout layout = layout_in(directory, kLayers);
    if (way.driver == StorageDriver::fuse_overlayfs) {
      layout.upper = scratch.path() + "/upper";  // see fuse_overlay_test.cpp
    }
    CHECK_OK(run_as_namespace_root(map, [&]() -> Result<void> {
      for (std::size_t i = 1; i <= kLayers; ++i) {
        TRY(put(format("{}/layers/{}/which", directory, i), format("{}", i)));
        TRY(put(format("{}/layers/{}/files/{}", directory, i, i), ""));
      }
      return prepare_storage(way.driver, layout);
    }));
    CHECK_OK(run_in_user_namespace(map, MountNamespace::own, [&]() -> Result<void> {
      return in_root(way, layout, [](int root) -> Result<void> {
        TRY_ASSIGN(const std::string which, text_at(root, "which"));
        EXPECT_EQ(which, std::string("150"));
        TRY_ASSIGN(const sys::UniqueFd files, sys::open_at(root, "files", O_RDONLY));
        TRY_ASSIGN(const auto names, sys::list_directory(format("/proc/self/fd/{}", files.get())));
        EXPECT_EQ(names.size(), std::size_t{kLayers});
        return {};
      });
    }));
  }
}

TEST_CASE("storage: what the kernel says about a refusal reaches the user") {
  const IdMap map = own_map();
  const Scratch scratch(map);
  const RootLayout layout = layout_in(scratch.path(), 501);
  const auto refused = run_in_user_namespace(map, MountNamespace::own, [&]() -> Result<void> {
    for (const std::string& layer : layout.lower) {
      TRY(sys::make_directories(layer));
    }
    TRY(sys::make_directories(layout.mount_point));
    TRY(prepare_storage(StorageDriver::overlay, layout));
    TRY(mount_root(StorageDriver::overlay, layout, -1));
    return {};
  });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() == "cannot mount the root with overlay");
  CHECK(refused.error().to_line().find("limit is 500") != std::string::npos);
}

TEST_CASE("storage: a missing layer is named") {
  const IdMap map = own_map();
  const Scratch scratch(map);
  const RootLayout layout = layout_in(scratch.path(), 1);
  for (const Way& way : ways()) {
    if (way.driver == StorageDriver::copy) {
      continue;  // needs no layers once it is made
    }
    CAPTURE(way.name);
    const auto refused = run_in_user_namespace(map, MountNamespace::own, [&]() -> Result<void> {
      TRY(way.mount(layout));
      return {};
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().to_line().find(layout.lower.front()) != std::string::npos);
    CHECK(refused.error().code() == ErrorCode::not_found);
  }
}

TEST_CASE("storage probe: the drivers of this host work, and nothing is left behind") {
  for (const IdMap& map : maps_to_test()) {
    const Scratch scratch(map);
    for (const Way& way : ways()) {
      CAPTURE(way.name);
      CHECK_OK(probe_storage(way.driver, map, scratch.path()));
    }
    const auto chosen = choose_storage(std::nullopt, map, scratch.path());
    REQUIRE(chosen);
    CHECK(*chosen == StorageDriver::overlay);
    const auto forced = choose_storage(StorageDriver::copy, map, scratch.path());
    REQUIRE(forced);
    CHECK(*forced == StorageDriver::copy);
    CHECK(sys::list_directory(scratch.path()).value_or(std::vector<std::string>{"?"}).empty());
  }
}

TEST_CASE("storage probe: an overlay cannot change files on an overlay") {
  const IdMap map = own_map();
  const Scratch scratch(map);
  const RootLayout layout = layout_in(scratch.path(), 1);
  // Inside a namespace of its own there is no map to be had for another: the probe's work is done
  // by hand.
  const auto refused = run_in_user_namespace(map, MountNamespace::own, [&]() -> Result<void> {
    TRY(sys::make_directories(layout.lower.front()));
    TRY(sys::make_directories(layout.mount_point));
    TRY(prepare_storage(StorageDriver::overlay, layout));
    TRY(mount_root(StorageDriver::overlay, layout, -1));
    const RootLayout nested = layout_in(layout.mount_point, 1);
    TRY(sys::make_directories(nested.lower.front()));
    TRY(sys::make_directories(nested.mount_point));
    TRY(prepare_storage(StorageDriver::overlay, nested));
    TRY(mount_root(StorageDriver::overlay, nested, -1));
    return {};
  });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().to_line().find("not supported as upperdir") != std::string::npos);
}

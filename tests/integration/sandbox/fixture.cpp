// SPDX-License-Identifier: MIT
#include "tests/integration/sandbox/fixture.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/users.hpp"
#include "env/sys/xattr.hpp"

namespace devenv::sandbox::testing {
IdMap own_map() {
  const auto user = sys::current_user();
  REQUIRE(user);
  const auto map = id_map_for_caller(*user);
  REQUIRE_MESSAGE(map.has_value(), (map ? std::string() : map.error().to_line()));
  return *map;
}

std::vector<IdMap> maps_to_test() {
  std::vector<IdMap> maps = {own_map()};
  if (maps.front().kind == IdMapKind::root_direct) {
    constexpr SubordinateRange kRange{300000, 65536};
    maps.push_back(
        IdMap{.uids = keep_id_extents(0, {kRange}), .gids = keep_id_extents(0, {kRange})});
  }
  return maps;
}

Scratch::Scratch(IdMap map) : map_(std::move(map)) {
  const std::string parent = sys::get_variable("TMPDIR");
  auto made =
      sys::TemporaryDirectory::create(parent.empty() ? "/var/tmp" : parent, "devenv-sandbox-");
  REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().to_line()));
  directory_.emplace(std::move(*made));
}

Scratch::~Scratch() {
  const std::string& directory = path();
  const auto cleaned = run_as_namespace_root(map_, [&directory]() -> Result<void> {
    TRY_ASSIGN(const auto names, sys::list_directory(directory));
    for (const std::string& name : names) {
      TRY(sys::remove_tree(directory + "/" + name));
    }
    return {};
  });
  CHECK_OK(cleaned);
}

RootLayout layout_in(const std::string& directory, std::size_t layers) {
  RootLayout layout{.upper = directory + "/upper",
                    .work = directory + "/work",
                    .mount_point = directory + "/root"};
  for (std::size_t i = layers; i > 0; --i) {
    layout.lower.push_back(format("{}/layers/{}", directory, i));  // topmost first
  }
  return layout;
}

Result<void> put(const std::string& path, std::string_view contents) {
  TRY(sys::make_directories(sys::parent_of(path)));
  TRY_ASSIGN(const sys::UniqueFd file,
             sys::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW));
  return sys::write_all(file.get(), contents);
}

Result<void> put_whiteout(const std::string& path) {
  TRY(sys::make_directories(sys::parent_of(path)));
  return sys::make_node_at(AT_FDCWD, path, S_IFCHR, 0);
}

Result<void> make_opaque(const std::string& directory) {
  TRY(sys::make_directories(directory));
  return sys::set_xattr_at(-1, directory, "user.overlay.opaque", "y");
}

Result<std::string> text_at(int directory, const std::string& name) {
  TRY_ASSIGN(const auto info, sys::stat_at(directory, name));
  if (!info) {
    return std::string("(none)");
  }
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_at(directory, name, O_RDONLY));
  return sys::read_all(file.get());
}

Result<std::string> names_at(int directory, const std::string& name) {
  TRY_ASSIGN(const sys::UniqueFd opened, sys::open_at(directory, name, O_RDONLY | O_DIRECTORY));
  TRY_ASSIGN(const auto names, sys::list_directory(format("/proc/self/fd/{}", opened.get())));
  return join(names, " ");
}

bool have_fuse() {
  std::string reason;
  if (!sys::find_program("fuse-overlayfs")) {
    reason = "no fuse-overlayfs program";
  } else if (!sys::open_file("/dev/fuse", O_RDWR)) {
    reason = "/dev/fuse cannot be opened";
  }
  if (reason.empty()) {
    return true;
  }
  MESSAGE("SKIP: " << reason);
  CHECK_MESSAGE(sys::get_variable("DEVENV_TESTS_MUST_RUN").empty(), reason);
  return false;
}

}  // namespace devenv::sandbox::testing

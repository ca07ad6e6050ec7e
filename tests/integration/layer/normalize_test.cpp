// SPDX-License-Identifier: MIT
// What overlay file systems leave behind becomes the tree of a layer.
#include "env/image/layer/normalize.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "env/base/format.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/xattr.hpp"
#include "tests/integration/layer/fixture.hpp"
#include "tests/support/tar_builder.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::image::testing::describe_tree;
using devenv::image::testing::run_each_way;
using devenv::image::testing::unpack_one;
using devenv::test::TarBuilder;

namespace {

constexpr timespec kTime{.tv_sec = 1'600'000'000, .tv_nsec = 0};

struct Example {
  const char* what;
  std::string tar;
  std::function<Result<void>(int root)> change;
  const char* tree;  ///< behind the root's line
  std::string warnings = "";
};

Result<void> make_file(int root, const std::string& path, std::string_view contents = "") {
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_at(root, path, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return sys::write_all(file.get(), contents);
}

Result<void> make_socket(int root, const std::string& name) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  const std::string path = format("/proc/self/fd/{}/{}", root, name);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int bound = ::bind(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof address);
  ::close(fd);
  return bound == 0 ? Result<void>{} : fail(ErrorCode::failed, "cannot bind");
}

Result<void> restore_times(int root) {
  for (const char* name : {"", "d"}) {
    if (*name == '\0') {
      TRY(sys::set_modified_at(root, ".", kTime));
    } else if (sys::stat_at(root, name).value_or(std::nullopt)) {
      TRY(sys::set_modified_at(root, name, kTime));
    }
  }
  return {};
}

void check(const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    CAPTURE(example.what);
    run_each_way([&](const std::string& directory) -> Result<void> {
      TRY(sys::make_directories(directory + "/tree"));
      TRY_ASSIGN(const sys::UniqueFd root,
                 sys::open_file(directory + "/tree", O_RDONLY | O_DIRECTORY));
      TRY(unpack_one(example.tar, root.get(), {}));
      TRY(example.change(root.get()));
      TRY(restore_times(root.get()));
      for (const bool again : {false, true}) {
        TRY_ASSIGN(const auto warnings, normalize_tree(root.get()));
        TRY_ASSIGN(const std::string tree, describe_tree(root.get()));
        if (tree != std::string(". d 0755 0:0\n") + example.tree ||
            join(warnings, ", ") != (again ? "" : example.warnings)) {
          return fail(ErrorCode::failed,
                      format("{}: {}\n{}", example.what, join(warnings, ", "), tree));
        }
      }
      return {};
    });
  }
}

std::string base() {
  return TarBuilder().directory("./").directory("d").file("d/file", "x").finish();
}

}  // namespace

TEST_CASE("normalize: marks of fuse-overlayfs become those of the kernel, times stay") {
  check({
      {"a whiteout", base(), [](int root) { return make_file(root, "d/.wh.gone"); },
       "d d 0755 0:0\nd/file f 0644 0:0 'x'\nd/gone c 0:0\n"},
      {"a whiteout beside a file of the name", base(),
       [](int root) { return make_file(root, "d/.wh.file"); },
       "d d 0755 0:0\nd/file f 0644 0:0 'x'\n"},
      {"a whiteout beside a directory of the name", base(),
       [](int root) { return make_file(root, ".wh.d"); },
       "d d 0755 0:0 user.overlay.opaque=y\nd/file f 0644 0:0 'x'\n"},
      {"an opaque directory, as a file", base(),
       [](int root) { return make_file(root, "d/.wh..wh..opq"); },
       "d d 0755 0:0 user.overlay.opaque=y\nd/file f 0644 0:0 'x'\n"},
      {"an opaque directory, as an attribute", base(),
       [](int root) { return sys::set_xattr_at(root, "d", "user.fuseoverlayfs.opaque", "y"); },
       "d d 0755 0:0 user.overlay.opaque=y\nd/file f 0644 0:0 'x'\n"},
      {"no opaque directory", base(),
       [](int root) { return sys::set_xattr_at(root, "d", "user.fuseoverlayfs.opaque", "n"); },
       "d d 0755 0:0\nd/file f 0644 0:0 'x'\n"},
      {"below an opaque directory nothing has to be hidden", base(),
       [](int root) -> Result<void> {
         TRY(make_file(root, "d/.wh..wh..opq"));
         TRY(make_file(root, "d/.wh.gone"));
         return sys::make_node_at(root, "d/also", S_IFCHR, 0);
       },
       "d d 0755 0:0 user.overlay.opaque=y\nd/file f 0644 0:0 'x'\n"},
  });
}

TEST_CASE("normalize: marks of the kernel stay, its bookkeeping goes") {
  check({
      {"marks", base(),
       [](int root) -> Result<void> {
         TRY(sys::make_node_at(root, "gone", S_IFCHR, 0));
         return sys::set_xattr_at(root, "d", "user.overlay.opaque", "y");
       },
       "d d 0755 0:0 user.overlay.opaque=y\nd/file f 0644 0:0 'x'\ngone c 0:0\n"},
      {"bookkeeping", base(),
       [](int root) -> Result<void> {
         TRY(sys::set_xattr(root, "user.overlay.impure", "y"));
         TRY(sys::set_xattr_at(root, "d", "user.overlay.impure", "y"));
         TRY(sys::set_xattr_at(root, "d", "user.fuseoverlayfs.origin", "x"));
         TRY(sys::set_xattr_at(root, "d", "user.mine", "kept"));
         TRY(sys::set_xattr_at(root, "d/file", "user.with=sign", "x"));
         return sys::set_xattr_at(root, "d/file", "user.overlay.origin", "x");
       },
       "d d 0755 0:0 user.mine=kept\nd/file f 0644 0:0 'x'\n"},
      {"the root hides nothing", base(),
       [](int root) { return sys::set_xattr(root, "user.overlay.opaque", "y"); },
       "d d 0755 0:0\nd/file f 0644 0:0 'x'\n"},
  });
}

TEST_CASE("normalize: what no layer holds is removed and counted") {
  check({{"sockets", base(),
          [](int root) -> Result<void> {
            TRY(make_socket(root, "one"));
            return make_socket(root, "d/two");
          },
          "d d 0755 0:0\nd/file f 0644 0:0 'x'\n", "left out 2 sockets"}});
}

TEST_CASE("normalize: a file that is no mark keeps its contents, whatever its name") {
  check({{"with contents", base(),
          [](int root) -> Result<void> {
            TRY(make_file(root, "d/.wh.mine", "mine"));
            return sys::set_modified_at(root, "d/.wh.mine", kTime);
          },
          "d d 0755 0:0\nd/.wh.mine f 0600 0:0 'mine'\nd/file f 0644 0:0 'x'\n"}});
}

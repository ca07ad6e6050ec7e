// SPDX-License-Identifier: MIT
// Layers that want out, or to be too much. The fixture checks that nothing appears beside the
// layer.
#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "tests/integration/layer/fixture.hpp"
#include "tests/support/compress.hpp"
#include "tests/support/tar_builder.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::image::testing::for_each_way;
using devenv::image::testing::Outcome;
using devenv::image::testing::Settings;
using devenv::test::TarAttributes;
using devenv::test::TarBuilder;

namespace {

TarBuilder layer() {
  return std::move(TarBuilder().directory("./"));
}

void check_error(const std::string& tar,
                 const std::string& error,
                 const UnpackLimits& limits = {}) {
  for_each_way({tar}, Settings{.limits = limits},
               [&](const Outcome& outcome) { CHECK(outcome.error == error); });
}

void check_tree(const std::string& tar, const std::string& expected) {
  for_each_way(tar, [&](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.tree == ". d 0755 0:0\n" + expected);
  });
}

}  // namespace

TEST_CASE("hostile layer: names with '..' are refused") {
  for (const char* name : {"..", "../x", "a/../../x", "/../x", "a/..", "./../x"}) {
    CAPTURE(name);
    const std::string expected =
        format("integrity: cannot unpack '{}': the path has a '..' component", name);
    check_error(layer().file(name, "x").finish(), expected);
    check_error(layer().directory(name).finish(), expected);
    check_error(layer().symlink(name, "x").finish(), expected);
  }
}

TEST_CASE("hostile layer: what is written through a link stays inside") {
  // As a chroot would do it: the links lead to the layer's own directories.
  check_tree(layer().symlink("out", "/etc").file("out/passwd", "x").finish(),
             "etc d 0755 0:0 time=0\n"
             "etc/passwd f 0644 0:0 'x'\n"
             "out l 0:0 -> /etc\n");
  check_tree(layer().symlink("out", "../../../../../..").file("out/x", "x").finish(),
             "out l 0:0 -> ../../../../../..\n"
             "x f 0644 0:0 'x'\n");
  check_tree(layer().symlink("a", "b").symlink("b", "/c/../../d").file("a/x", "x").finish(),
             "a l 0:0 -> b\n"
             "b l 0:0 -> /c/../../d\n"
             "c d 0755 0:0 time=0\n"
             "d d 0755 0:0 time=0\n"
             "d/x f 0644 0:0 'x'\n");
  check_tree(layer().symlink("out", "/proc/self/cwd").file("out/x", "x").finish(),
             "out l 0:0 -> /proc/self/cwd\n"
             "proc d 0755 0:0 time=0\n"
             "proc/self d 0755 0:0 time=0\n"
             "proc/self/cwd d 0755 0:0 time=0\n"
             "proc/self/cwd/x f 0644 0:0 'x'\n");
}

TEST_CASE("hostile layer: a file in place of a link does not write to its target") {
  check_tree(layer().file("victim", "safe").symlink("x", "victim").file("x", "new").finish(),
             "victim f 0644 0:0 'safe'\n"
             "x f 0644 0:0 'new'\n");
  check_tree(layer().symlink("x", "/etc/passwd").file("x", "new").finish(), "x f 0644 0:0 'new'\n");
}

TEST_CASE("hostile layer: whiteouts and opaque markers through links stay inside") {
  check_tree(layer().symlink("out", "/..").file("out/.wh.x", "").finish(),
             "out l 0:0 -> /..\n"
             "x c 0:0\n");
}

TEST_CASE("hostile layer: directories that become links do not lead the last pass outside") {
  check_tree(layer()
                 .directory("a", {.mode = 0700})
                 .directory("a/b", {.mode = 0700, .uid = 5})
                 .symlink("a", "/etc")
                 .finish(),
             "a l 0:0 -> /etc\n");
}

TEST_CASE("hostile layer: links that turn in circles are an integrity error") {
  check_error(layer().symlink("a", "b").symlink("b", "a").file("a/x", "x").finish(),
              "integrity: cannot unpack 'a/x': too many links on the way");
  check_error(layer().symlink("a", "a/a").file("a/x", "x").finish(),
              "integrity: cannot unpack 'a/x': too many links on the way");
}

TEST_CASE("hostile layer: hard links to the outside are refused or find nothing") {
  check_error(layer().hard_link("x", "../../etc/passwd").finish(),
              "integrity: cannot unpack 'x': cannot use the target of the hard link: the path has "
              "a '..' component");
  for (const char* target : {"/etc/passwd", "out/passwd", "etc/passwd"}) {
    check_error(layer().symlink("out", "/etc").hard_link("x", target).finish(),
                format("integrity: cannot unpack 'x': no layer has the target '{}'",
                       target[0] == '/' ? target + 1 : target));
  }
}

TEST_CASE("hostile layer: hard links that would break the tree are refused") {
  check_error(layer().file("a", "x").hard_link("a", "a").finish(),
              "integrity: cannot unpack 'a': a hard link to itself");
  check_error(layer().directory("d").hard_link("a", "d").finish(),
              "integrity: cannot unpack 'a': a hard link to a directory");
  check_error(layer().hard_link("a", "./").finish(),
              "integrity: cannot unpack 'a': a hard link to the root");
  check_error(layer().directory("d").file("d/x", "x").hard_link("d", "d/x").finish(),
              "integrity: cannot unpack 'd': a hard link in place of its target's directory");
}

TEST_CASE("hostile layer: the root must be a directory") {
  for (const char* name : {".", "./", "/"}) {
    CAPTURE(name);
    const std::string expected =
        format("integrity: cannot unpack '{}': the root of a layer must be a directory", name);
    check_error(TarBuilder().symlink(name, "/etc").finish(), expected);
    check_error(TarBuilder().hard_link(name, "/etc").finish(), expected);
    check_error(TarBuilder().fifo(name).finish(), expected);
  }
}

TEST_CASE("hostile layer: owners that do not exist are an integrity error that names the entry") {
  const std::string too_large = "4294967295";
  const TarAttributes attributes{.pax = {{"uid", too_large}}};
  const std::string expected =
      "integrity: cannot unpack 'x': owner 4294967295:0 is no user and group";
  check_error(layer().file("x", "", attributes).finish(), expected);
  check_error(layer().directory("x", attributes).finish(), expected);
}

TEST_CASE("hostile layer: owners outside of the id map are an integrity error") {
  // A user namespace ends somewhere; without one there is no such error.
  const auto check_outside = [](const std::string& tar, const std::string& error) {
    for_each_way(tar, [&](const Outcome& outcome) {
      if (!outcome.error.empty()) {
        CHECK(outcome.error == error);
      }
    });
  };
  const TarAttributes outside{.uid = 4'000'000'000, .gid = 0};
  check_outside(layer().file("x", "", outside).finish(),
                "integrity: cannot unpack 'x': owner 4000000000:0 is outside of the id map");
  check_outside(layer().symlink("x", "y", outside).finish(),
                "integrity: cannot unpack 'x': owner 4000000000:0 is outside of the id map");
  check_outside(layer().fifo("x", outside).finish(),
                "integrity: cannot unpack 'x': owner 4000000000:0 is outside of the id map");
  check_outside(layer().directory("d").directory("d/x", outside).finish(),
                "integrity: cannot finish directory 'd/x': owner 4000000000:0 is outside of the "
                "id map");
  check_outside(TarBuilder().directory("./", outside).finish(),
                "integrity: cannot finish the layer's root: owner 4000000000:0 is outside of the "
                "id map");
}

TEST_CASE("hostile layer: every limit ends in an error that names it") {
  const std::string tar =
      layer().directory("a").directory("a/b").file("a/b/c", "1234567890").finish();
  check_error(tar, "integrity: cannot unpack 'a/b/c': the layer has more than 3 entries",
              {.max_entries = 3});
  check_error(tar, "integrity: cannot unpack 'a/b/c': the layer has more than 9 bytes in files",
              {.max_bytes = 9});
  check_error(tar, "integrity: cannot unpack 'a/b/c': the path is longer than 4 bytes",
              {.max_path_bytes = 4});
  check_error(tar, "integrity: cannot unpack 'a/b': more than 1 directories deep",
              {.max_depth = 1});
  check_error(layer().file("x", "", {.xattrs = {{"user.a", "12345"}}}).finish(),
              "integrity: cannot unpack 'x': attribute user.a is larger than 4 bytes",
              {.max_xattr_bytes = 4});
  for_each_way({tar}, Settings{.limits = {.max_bytes = 10, .max_entries = 4, .max_depth = 2}},
               [](const Outcome& outcome) { CHECK(outcome.error == ""); });
}

TEST_CASE("hostile layer: directories without entries count as well") {
  std::string path;
  for (int i = 0; i < 30; ++i) {
    path += "d/";
  }
  check_error(layer().file(path + "x", "").finish(),
              format("integrity: cannot unpack '{}x': more than 20 directories", path),
              {.max_entries = 20});
}

TEST_CASE("hostile layer: holes count as bytes") {
  check_error(layer().sparse_file("x", 1ULL << 50U, {{1ULL << 50U, ""}}).finish(),
              format("integrity: cannot unpack 'x': the layer has more than {} bytes in files",
                     UnpackLimits{}.max_bytes));
}

TEST_CASE("hostile layer: depth by links and long names by pieces stay within the limits") {
  // Each link leads one directory further down: no path is long, the tree would be.
  TarBuilder tar = layer();
  tar.symlink("d", "d0");
  std::string real = "d0";
  for (int i = 0; i < 40; ++i) {
    tar.directory("d/n").symlink("d", real += "/n");
  }
  check_error(tar.finish(), "integrity: cannot unpack 'd/n': more than 20 directories deep",
              {.max_depth = 20});
  check_error(layer().file(std::string(256, 'x'), "").finish(),
              "integrity: cannot unpack '" + std::string(256, 'x') +
                  "': cannot make a file: File name too long");
  check_error(layer().symlink("x", std::string(4096, 'x')).finish(),
              "integrity: cannot unpack 'x': cannot make a symbolic link: File name too long");
  check_error(layer().symlink("x", "").finish(),
              "integrity: cannot unpack 'x': a symbolic link without a target");
}

TEST_CASE("hostile layer: a very deep tree is unpacked and finished") {
  std::string path;
  TarBuilder tar = layer();
  for (int i = 0; i < 500; ++i) {
    tar.directory(path += "d/", {.mode = 0700});
  }
  for_each_way(tar.finish(), [&](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.tree.find(path.substr(0, path.size() - 1) + " d 0700 0:0\n") !=
          std::string::npos);
  });
}

TEST_CASE("hostile layer: a decompression bomb is stopped by its ratio") {
  const std::string zeros(256U << 20U, '\0');
  const std::string tar = layer().file("zeros", zeros).finish();
  for_each_way({devenv::test::compress(tar, devenv::test::Compression::zstd)},
               Settings{.limits = {.max_ratio = 500}}, [](const Outcome& outcome) {
                 CHECK(outcome.error.find("integrity: cannot unpack 'zeros': ") == 0);
                 CHECK(outcome.error.find("bytes grow to more than 500 times their size") !=
                       std::string::npos);
               });
}

TEST_CASE("hostile layer: what is no tar is an integrity error") {
  for (const std::string& bytes :
       {std::string("x"), std::string(5000, 'x'), std::string("070701") + std::string(600, '0')}) {
    for_each_way(bytes, [](const Outcome& outcome) {
      CHECK(outcome.error.find("integrity: malformed tar archive: ") == 0);
    });
  }
}

TEST_CASE("hostile layer: truncated and damaged archives are integrity errors") {
  const std::string tar = layer().file("a", std::string(2000, 'a')).file("b", "b").finish();
  for (const std::size_t length : {600U, 1100U, 1600U, 3000U, 3700U}) {
    CAPTURE(length);
    for_each_way(tar.substr(0, length), [](const Outcome& outcome) {
      CHECK(outcome.error.find("integrity: ") == 0);
      CHECK(outcome.error.find("malformed tar archive: ") != std::string::npos);
    });
  }
  std::string damaged = tar;
  damaged[512 + 3] = 'X';  // in the name: the checksum is wrong
  for_each_way(damaged, [](const Outcome& outcome) {
    CHECK(outcome.error.find("integrity: malformed tar archive: ") == 0);
  });
  std::string gzip = devenv::test::compress(tar, devenv::test::Compression::gzip);
  gzip.resize(gzip.size() / 2);
  for_each_way(gzip, [](const Outcome& outcome) {
    CHECK(outcome.error.find("integrity: ") == 0);
    CHECK(outcome.error.find("truncated gzip data") != std::string::npos);
  });
}

TEST_CASE("hostile layer: huge and malformed pax headers are integrity errors") {
  const TarAttributes huge{.pax = {{"comment", std::string(8U << 20U, 'x')}}};
  for_each_way(layer().file("x", "", huge).finish(), [](const Outcome& outcome) {
    CHECK(outcome.error.find("integrity: malformed tar archive: ") == 0);
  });
  std::string broken = layer().file("x", "", {.pax = {{"comment", "abc"}}}).finish();
  broken.replace(broken.find("15 comment"), 2, "99");
  for_each_way(broken,
               [](const Outcome& outcome) { CHECK(outcome.error.find("integrity: ") == 0); });
}

TEST_CASE("hostile layer: contents beyond the declared size are an integrity error") {
  const std::string tar = layer()
                              .entry('0', "GNUSparseFile.0/x", "",
                                     "1\n1048576\n4\n" + std::string(501, '\0') + "data", 512 + 4,
                                     {.pax = {{"GNU.sparse.major", "1"},
                                              {"GNU.sparse.minor", "0"},
                                              {"GNU.sparse.name", "x"},
                                              {"GNU.sparse.realsize", "10"}}})
                              .finish();
  for_each_way(tar, [](const Outcome& outcome) { CHECK(outcome.error.find("integrity: ") == 0); });
}

TEST_CASE("hostile layer: attributes that the kernel refuses are integrity errors") {
  const std::string wrong_size("\2\0\0\0xyz", 7);
  check_error(layer().file("x", "", {.xattrs = {{"security.capability", "nonsense"}}}).finish(),
              "integrity: cannot unpack 'x': attribute security.capability has an invalid value");
  check_error(
      layer().file("x", "", {.xattrs = {{"system.posix_acl_access", wrong_size}}}).finish(),
      "integrity: cannot unpack 'x': attribute system.posix_acl_access has an invalid value");
}

TEST_CASE("hostile layer: names in messages are safe for a terminal") {
  check_error(layer().file("\x1b[2J/../x", "").finish(),
              "integrity: cannot unpack '\\x1b[2J/../x': the path has a '..' component");
}

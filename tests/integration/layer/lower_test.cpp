// SPDX-License-Identifier: MIT
// What a layer takes from the layers below: attributes of directories, targets of hard links.
#include <doctest/doctest.h>

#include "tests/integration/layer/fixture.hpp"
#include "tests/support/tar_builder.hpp"

using namespace devenv;
using devenv::image::testing::for_each_way;
using devenv::image::testing::Outcome;
using devenv::test::TarBuilder;

namespace {

TarBuilder layer() {
  return std::move(TarBuilder().directory("./"));
}

/// `layers` lowest first; `tree` is that of the last, without the root's line.
void check(const std::vector<std::string>& layers, const std::string& tree) {
  for_each_way(layers, {}, [&](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.tree.substr(outcome.tree.find('\n') + 1) == tree);
  });
}

}  // namespace

TEST_CASE("finish layer: implicit directories look as they do below") {
  const std::string base =
      TarBuilder()
          .directory("./", {.mode = 0711, .uid = 1, .gid = 2, .mtime = 3})
          .directory("usr", {.mode = 0750, .uid = 4, .gid = 5, .mtime = 6})
          .directory("usr/s",
                     {.mode = 03775, .gid = 50, .mtime = 7, .xattrs = {{"user.note", "below"}}})
          .finish();
  for_each_way({base, TarBuilder().file("usr/s/new/x", "x").finish()}, {},
               [](const Outcome& outcome) {
                 CHECK(outcome.error == "");
                 CHECK(outcome.tree ==
                       ". d 0711 1:2 time=3\n"
                       "usr d 0750 4:5 time=6\n"
                       "usr/s d 3775 0:50 time=7 user.note=below\n"
                       "usr/s/new d 0755 0:0 time=0\n"
                       "usr/s/new/x f 0644 0:0 'x'\n");
               });
}

TEST_CASE("finish layer: the topmost visible directory counts") {
  const std::string base = layer().directory("d", {.mode = 0700}).directory("e").finish();
  const std::string middle = layer().directory("d", {.mode = 0710}).finish();
  check({base, middle, layer().file("d/x", "").finish()}, "d d 0710 0:0\nd/x f 0644 0:0 ''\n");
  check({base, layer().finish(), layer().file("d/x", "").finish()},
        "d d 0700 0:0\nd/x f 0644 0:0 ''\n");
}

TEST_CASE("finish layer: a directory that is gone below gives nothing") {
  const std::string base = layer().directory("d", {.mode = 0700}).directory("d/e").finish();
  const std::string top = layer().file("d/e/x", "").finish();
  const std::string fresh =
      "d d 0755 0:0 time=0\n"
      "d/e d 0755 0:0 time=0\n"
      "d/e/x f 0644 0:0 ''\n";
  check({base, layer().file(".wh.d", "").finish(), top}, fresh);
  check({base, layer().file("d", "now a file").finish(), top}, fresh);
  check({base, layer().symlink("d", "elsewhere").finish(), top}, fresh);
  check({base, layer().directory("d", {.mode = 0701}).file("d/.wh..wh..opq", "").finish(), top},
        "d d 0701 0:0\n"
        "d/e d 0755 0:0 time=0\n"
        "d/e/x f 0644 0:0 ''\n");
}

TEST_CASE("finish layer: hard links to layers below become copies, times of directories stay") {
  const std::string base =
      layer()
          .directory("d")
          .file("d/file", "contents",
                {.mode = 04711, .uid = 3, .gid = 4, .mtime = 5, .xattrs = {{"user.note", "x"}}})
          .symlink("d/link", "file", {.uid = 6})
          .fifo("d/fifo", {.mode = 0640, .uid = 7})
          .finish();
  const std::string top = layer()
                              .directory("e")
                              .hard_link("e/file", "d/file")
                              .hard_link("e/again", "d/file")
                              .hard_link("e/link", "d/link")
                              .hard_link("e/fifo", "/d/fifo")
                              .hard_link("e/chain", "e/file")
                              .finish();
  const std::string expected =
      "e d 0755 0:0\n"
      "e/again f 4711 3:4 time=5 links=3 user.note=x 'contents'\n"
      "e/chain f 4711 3:4 time=5 links=3 user.note=x 'contents'\n"
      "e/fifo p 0640 7:0\n"
      "e/file f 4711 3:4 time=5 links=3 user.note=x 'contents'\n"
      "e/link l 6:0 -> file\n";
  check({base, top}, expected);
  check({base, layer().finish(), layer().directory("d").file("d/other", "").finish(), top},
        expected);
}

TEST_CASE("finish layer: of two hard links of one name the last counts") {
  const std::string base = layer().file("one", "1").file("two", "2").finish();
  check({base, layer().hard_link("new", "one").hard_link("new", "two").finish()},
        "new f 0644 0:0 '2'\n");
  check(
      {base, layer().hard_link("new", "later").hard_link("new", "two").file("later", "").finish()},
      "later f 0644 0:0 ''\n"
      "new f 0644 0:0 '2'\n");
}

TEST_CASE("finish layer: a hard link goes away with its directory") {
  const std::string base = layer().file("one", "1").finish();
  check({base, layer().hard_link("a/b", "one").file("a", "file").finish()},
        "a f 0644 0:0 'file'\n");
  check({base, layer().hard_link("a/b", "one").file("a", "").directory("a").finish()},
        "a d 0755 0:0\n");
  check({base, layer().hard_link("a/b", "one").file("a", "").file("a/c", "").finish()},
        "a d 0755 0:0 time=0\n"
        "a/c f 0644 0:0 ''\n");
  // Through a link it is not the same place.
  check({base, layer()
                   .directory("a")
                   .hard_link("a/b", "one")
                   .hard_link("s/b", "later")
                   .file("later", "")
                   .symlink("s", "a")
                   .finish()},
        "a d 0755 0:0\n"
        "a/b f 0644 0:0 '1'\n"
        "later f 0644 0:0 ''\n"
        "s l 0:0 -> a\n");
  check({base, layer()
                   .directory("a")
                   .hard_link("a/b", "one")
                   .hard_link("s/c", "one")
                   .symlink("s", "a/b")
                   .finish()},
        "a d 0755 0:0\n"
        "a/b f 0644 0:0 '1'\n"
        "s l 0:0 -> a/b\n");
}

TEST_CASE("finish layer: hard links follow links of the layers below, inside them") {
  const std::string base = layer()
                               .directory("usr")
                               .directory("usr/lib")
                               .file("usr/lib/so", "library")
                               .symlink("lib", "usr/lib")
                               .symlink("usr/abs", "/lib")
                               .symlink("usr/lib/up", "../../../../usr")
                               .finish();
  for (const char* target : {"lib/so", "usr/abs/so", "usr/lib/up/abs/so"}) {
    CAPTURE(target);
    check({base, layer().hard_link("copy", target).finish()}, "copy f 0644 0:0 'library'\n");
  }
}

TEST_CASE("finish layer: a whiteout of the target in this layer does not lose the contents") {
  const std::string base = layer().file("old", "contents").finish();
  check({base, layer().file(".wh.old", "").hard_link("new", "old").finish()},
        "new f 0644 0:0 'contents'\n"
        "old c 0:0\n");
  check({base, layer().hard_link("new", "old").file(".wh.new", "").file(".wh.old", "").finish()},
        "new f 0644 0:0 'contents'\n"
        "old c 0:0\n");
}

TEST_CASE("finish layer: a hard link whose target no layer has is an integrity error") {
  const std::string base =
      layer().directory("d").file("d/x", "").symlink("a", "b").symlink("b", "a").finish();
  const struct {
    std::vector<std::string> layers;
    const char* error;
  } examples[] = {
      {{base, layer().hard_link("x", "d/y").finish()},
       "integrity: cannot unpack 'x': no layer has the target 'd/y'"},
      {{base, layer().file("d/.wh.x", "").finish(), layer().hard_link("x", "d/x").finish()},
       "integrity: cannot unpack 'x': no layer has the target 'd/x'"},
      {{base, layer().hard_link("x", "d/x/y").finish()},
       "integrity: cannot unpack 'x': no layer has the target 'd/x/y'"},
      {{base, layer().hard_link("x", "d").finish()},
       "integrity: cannot unpack 'x': a hard link to what is no file"},
      {{base, layer().hard_link("x", "e").directory("e/f").finish()},
       "integrity: cannot unpack 'x': a hard link to a directory"},
      {{base, layer().hard_link("x", "a/y").finish()},
       "integrity: cannot unpack 'x': too many links on the way"},
  };
  for (const auto& example : examples) {
    for_each_way(example.layers, {},
                 [&](const Outcome& outcome) { CHECK(outcome.error == example.error); });
  }
}

TEST_CASE("finish layer: an opaque root hides each name below, as overlayfs cannot") {
  const std::string base = layer()
                               .directory("both")
                               .directory("dir")
                               .file("file", "")
                               .file("file-of-base", "")
                               .file("own", "")
                               .finish();
  const std::string middle = layer().file("middle", "").file(".wh.file", "").finish();
  const std::string top = layer()
                              .file(".wh..wh..opq", "")
                              .directory("both")
                              .file("own", "x")
                              .file(".wh.dir", "")
                              .hard_link("middle", "file-of-base")
                              .finish();
  for_each_way({base, middle, top}, {}, [](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.tree ==
          ". d 0755 0:0\n"
          "both d 0755 0:0 user.overlay.opaque=y\n"
          "dir c 0:0\n"
          "file-of-base c 0:0\n"
          "middle f 0644 0:0 ''\n"
          "own f 0644 0:0 'x'\n");
  });
}

// SPDX-License-Identifier: MIT
// What a layer says about the layers below. Source: OCI image-spec, layer.md, "Whiteouts".
#include <doctest/doctest.h>

#include "tests/integration/layer/fixture.hpp"
#include "tests/support/tar_builder.hpp"

using namespace devenv;
using devenv::image::testing::for_each_way;
using devenv::image::testing::Outcome;
using devenv::test::TarBuilder;

namespace {

struct Example {
  const char* what;
  std::string tar;
  const char* tree;  ///< behind the root's line
  const char* implicit = "";
};

TarBuilder layer() {
  return std::move(TarBuilder().directory("./"));
}

void check(const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    CAPTURE(example.what);
    for_each_way(example.tar, [&](const Outcome& outcome) {
      CHECK(outcome.error == "");
      CHECK(outcome.tree == std::string(". d 0755 0:0\n") + example.tree);
      CHECK(outcome.summary == example.implicit);
    });
  }
}

}  // namespace

TEST_CASE("whiteout: is a character device 0:0, an opaque directory has the attribute") {
  check({
      {"a file", layer().file(".wh.gone", "").finish(), "gone c 0:0\n"},
      {"in a directory without an entry", layer().file("usr/.wh.gone", "").finish(),
       "usr d 0755 0:0 time=0\nusr/gone c 0:0\n", "implicit: usr\n"},
      {"an opaque directory", layer().directory("dir").file("dir/.wh..wh..opq", "").finish(),
       "dir d 0755 0:0 user.overlay.opaque=y\n"},
      {"an opaque directory without an entry", layer().file("dir/.wh..wh..opq", "").finish(),
       "dir d 0755 0:0 time=0 user.overlay.opaque=y\n", "implicit: dir\n"},
      {"twice", layer().file(".wh.gone", "").file(".wh.gone", "").finish(), "gone c 0:0\n"},
      {"of any kind of entry", layer().symlink(".wh.gone", "x").finish(), "gone c 0:0\n"},
  });
}

TEST_CASE("whiteout: does not touch entries of the same layer, in either order") {
  check({
      {"a file before", layer().file("a", "x").file(".wh.a", "").finish(), "a f 0644 0:0 'x'\n"},
      {"a file after", layer().file(".wh.a", "").file("a", "x").finish(), "a f 0644 0:0 'x'\n"},
      {"a link after", layer().file(".wh.a", "").symlink("a", "x").finish(), "a l 0:0 -> x\n"},
      {"a hard link after", layer().file("b", "x").file(".wh.a", "").hard_link("a", "b").finish(),
       "a f 0644 0:0 links=2 'x'\nb f 0644 0:0 links=2 'x'\n"},
      {"a directory before", layer().directory("d").file("d/x", "x").file(".wh.d", "").finish(),
       "d d 0755 0:0 user.overlay.opaque=y\nd/x f 0644 0:0 'x'\n"},
      {"a directory after", layer().file(".wh.d", "").directory("d").file("d/x", "x").finish(),
       "d d 0755 0:0 user.overlay.opaque=y\nd/x f 0644 0:0 'x'\n"},
      {"needed as a directory, which then is nobody's below",
       layer().file(".wh.d", "").file("d/x", "x").finish(),
       "d d 0755 0:0 time=0 user.overlay.opaque=y\nd/x f 0644 0:0 'x'\n"},
      {"a directory without an entry before", layer().file("d/x", "x").file(".wh.d", "").finish(),
       "d d 0755 0:0 time=0 user.overlay.opaque=y\nd/x f 0644 0:0 'x'\n"},
  });
}

TEST_CASE("whiteout: an opaque marker keeps this layer's entries, in either order") {
  check({
      {"marker last",
       layer().directory("d").file("d/x", "x").directory("d/e").file("d/.wh..wh..opq", "").finish(),
       "d d 0755 0:0 user.overlay.opaque=y\nd/e d 0755 0:0\nd/x f 0644 0:0 'x'\n"},
      {"marker first",
       layer().file("d/.wh..wh..opq", "").file("d/x", "x").directory("d/e").directory("d").finish(),
       "d d 0755 0:0 user.overlay.opaque=y\nd/e d 0755 0:0\nd/x f 0644 0:0 'x'\n"},
  });
}

TEST_CASE("whiteout: there are none inside an opaque directory") {
  const char* const expected =
      "d d 0755 0:0 user.overlay.opaque=y\n"
      "d/e d 0755 0:0\n"
      "d/e/f d 0755 0:0\n"
      "d/x f 0644 0:0 'x'\n";
  check({
      {"marker last",
       layer()
           .directory("d")
           .directory("d/e")
           .directory("d/e/f")
           .file("d/.wh.a", "")
           .file("d/e/f/.wh.b", "")
           .file("d/x", "x")
           .file("d/.wh..wh..opq", "")
           .finish(),
       expected},
      {"marker first",
       layer()
           .directory("d")
           .file("d/.wh..wh..opq", "")
           .directory("d/e")
           .directory("d/e/f")
           .file("d/.wh.a", "")
           .file("d/e/f/.wh.b", "")
           .file("d/x", "x")
           .finish(),
       expected},
      {"a whiteout of the directory itself",
       layer().directory("d").file("d/.wh.a", "").file(".wh.d", "").file("d/.wh.b", "").finish(),
       "d d 0755 0:0 user.overlay.opaque=y\n"},
  });
}

TEST_CASE("whiteout: a directory below an opaque one is not one of the layers below") {
  check({{"implicit", layer().file("d/e/x", "x").file("d/.wh..wh..opq", "").finish(),
          "d d 0755 0:0 time=0 user.overlay.opaque=y\n"
          "d/e d 0755 0:0 time=0\n"
          "d/e/x f 0644 0:0 'x'\n",
          "implicit: d\n"}});
}

TEST_CASE("whiteout: the bookkeeping of aufs is ignored") {
  check({{"names and directories",
          layer()
              .file(".wh..wh.aufs", "")
              .directory(".wh..wh.plnk")
              .file(".wh..wh.plnk/123.456", "x")
              .hard_link("dir/.wh..wh.orph", "x")
              .file("a", "x")
              .finish(),
          "a f 0644 0:0 'x'\n"}});
}

TEST_CASE("whiteout: a malformed one is an integrity error that names it") {
  for (const char* name : {".wh.", "dir/.wh.", ".wh..", ".wh...", ".wh.dir/file"}) {
    CAPTURE(name);
    for_each_way(layer().file(name, "").finish(), [&](const Outcome& outcome) {
      CHECK(outcome.error ==
            "integrity: cannot unpack '" + std::string(name) + "': malformed whiteout");
    });
  }
}

TEST_CASE("whiteout: links cannot make a directory that looks like one") {
  const std::string tar = layer().symlink("link", ".wh.secret").file("link/x", "").finish();
  for_each_way(tar, [](const Outcome& outcome) {
    CHECK(outcome.error ==
          "integrity: cannot unpack 'link/x': a directory has a name that is reserved for "
          "whiteouts (.wh.)");
  });
}

// SPDX-License-Identifier: MIT
// The pure rules: names, whiteouts, attributes.
#include <doctest/doctest.h>

#include "env/image/layer/attributes.hpp"
#include "env/image/layer/entry_path.hpp"
#include "env/image/layer/whiteout.hpp"

using namespace devenv;
using namespace devenv::image;

TEST_CASE("entry path: is written in one way") {
  const struct {
    const char* raw;
    const char* path;
  } examples[] = {
      {"", ""},
      {".", ""},
      {"./", ""},
      {"/", ""},
      {"//", ""},
      {"a", "a"},
      {"./a", "a"},
      {"/a", "a"},
      {"a/", "a"},
      {"a//b", "a/b"},
      {"a/./b/.", "a/b"},
      {"...", "..."},
      {"..a/b..", "..a/b.."},
      {"/./a/b/c//", "a/b/c"},
      {" a / b", " a / b"},
  };
  std::string path = "left from the one before";
  for (const auto& example : examples) {
    CAPTURE(example.raw);
    REQUIRE(normalize_path(example.raw, 100, path));
    CHECK(path == example.path);
  }
}

TEST_CASE("entry path: '..' is an integrity error wherever it stands") {
  std::string path;
  for (const char* raw : {"..", "../a", "a/..", "a/../b", "/..", "./.."}) {
    CAPTURE(raw);
    const auto result = normalize_path(raw, 100, path);
    REQUIRE(!result);
    CHECK(result.error().code() == ErrorCode::integrity);
    CHECK(result.error().message() == "the path has a '..' component");
  }
}

TEST_CASE("entry path: has a longest length, which is allowed") {
  std::string path;
  CHECK(normalize_path("12345", 5, path));
  const auto result = normalize_path("123456", 5, path);
  REQUIRE(!result);
  CHECK(result.error().code() == ErrorCode::integrity);
  CHECK(result.error().message() == "the path is longer than 5 bytes");
}

TEST_CASE("entry path: is split at its last slash") {
  CHECK(split_path("a").parent == "");
  CHECK(split_path("a").name == "a");
  CHECK(split_path("a/b/c").parent == "a/b");
  CHECK(split_path("a/b/c").name == "c");
}

TEST_CASE("whiteout: each name has one meaning") {
  const struct {
    const char* path;
    PathMeaning meaning;
    const char* hidden;
  } examples[] = {
      {"a", PathMeaning::ordinary, ""},
      {"a.wh.b", PathMeaning::ordinary, ""},
      {"a/.wh", PathMeaning::ordinary, ""},
      {".whiteout", PathMeaning::ordinary, ""},
      {".wh.a", PathMeaning::whiteout, "a"},
      {"d/.wh.a", PathMeaning::whiteout, "a"},
      {"d/.wh..hidden", PathMeaning::whiteout, ".hidden"},
      {"d/.wh....", PathMeaning::whiteout, "..."},
      {".wh..wh", PathMeaning::whiteout, ".wh"},
      {".wh..wh..opq", PathMeaning::opaque, ""},
      {"d/.wh..wh..opq", PathMeaning::opaque, ""},
      {".wh..wh..opq2", PathMeaning::ignored, ""},
      {".wh..wh.aufs", PathMeaning::ignored, ""},
      {".wh..wh.plnk/1.2", PathMeaning::ignored, ""},
      {"d/.wh..wh.plnk/.wh.a", PathMeaning::ignored, ""},
      {"stargz.index.json", PathMeaning::ignored, ""},
      {".prefetch.landmark", PathMeaning::ignored, ""},
      {".no.prefetch.landmark", PathMeaning::ignored, ""},
      {"d/stargz.index.json", PathMeaning::ordinary, ""},
      {"stargz.index.json2", PathMeaning::ordinary, ""},
      {".wh.", PathMeaning::malformed, ""},
      {"d/.wh.", PathMeaning::malformed, ""},
      {".wh..", PathMeaning::malformed, ""},
      {".wh...", PathMeaning::malformed, ""},
      {".wh.a/b", PathMeaning::malformed, ""},
      {"d/.wh.a/.wh.b", PathMeaning::malformed, ""},
  };
  for (const auto& example : examples) {
    CAPTURE(example.path);
    const ClassifiedPath classified = classify_path(example.path);
    CHECK(static_cast<int>(classified.meaning) == static_cast<int>(example.meaning));
    CHECK(classified.hidden == example.hidden);
  }
}

TEST_CASE("attributes: only what belongs to the image is kept, where it can be") {
  const struct {
    const char* name;
    bool on_file;
    bool on_directory;
  } examples[] = {
      {"user.note", true, true},
      {"user.overlayish", true, true},
      {"user.", true, true},
      {"security.capability", true, false},
      {"system.posix_acl_access", true, true},
      {"system.posix_acl_default", false, true},
      {"user.overlay.opaque", false, false},
      {"user.overlay.redirect", false, false},
      {"user.overlay.overlay.opaque", false, false},
      {"user.fuseoverlayfs.opaque", false, false},
      {"user.containers.override_stat", false, false},
      {"trusted.overlay.opaque", false, false},
      {"trusted.anything", false, false},
      {"security.selinux", false, false},
      {"security.ima", false, false},
      {"security.evm", false, false},
      {"security.apparmor", false, false},
      {"system.nfs4_acl", false, false},
      {"", false, false},
  };
  for (const auto& example : examples) {
    CAPTURE(example.name);
    CHECK(keeps_attribute(example.name, EntryKind::regular) == example.on_file);
    CHECK(keeps_attribute(example.name, EntryKind::directory) == example.on_directory);
    CHECK(!keeps_attribute(example.name, EntryKind::symlink));
    CHECK(!keeps_attribute(example.name, EntryKind::fifo));
  }
}

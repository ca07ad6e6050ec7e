// SPDX-License-Identifier: MIT
// What an honest layer becomes.
#include "env/image/layer/unpack.hpp"

#include <doctest/doctest.h>

#include <clocale>

#include "env/image/codec/hash.hpp"
#include "tests/integration/layer/fixture.hpp"
#include "tests/support/compress.hpp"
#include "tests/support/tar_builder.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::image::testing::for_each_way;
using devenv::image::testing::Outcome;
using devenv::image::testing::Settings;
using devenv::test::TarBuilder;

namespace {

/// A layer whose root has an entry, so that "." is the same everywhere.
TarBuilder layer() {
  return std::move(TarBuilder().directory("./"));
}

constexpr const char* kRoot = ". d 0755 0:0\n";

void check_tree(const std::string& tar, const std::string& expected) {
  for_each_way(tar, [&](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.tree == expected);
  });
}

}  // namespace

TEST_CASE("unpack: an archive without entries is an empty layer") {
  for (const std::string& tar : {std::string(), TarBuilder().finish()}) {
    for_each_way(tar, [](const Outcome& outcome) {
      CHECK(outcome.error == "");
      CHECK(outcome.tree == ". d 0755 0:0 time=0\n");
      CHECK(outcome.summary == "implicit: .\n");
    });
  }
}

TEST_CASE("unpack: kinds, modes, owners and times are those of the archive") {
  const std::string tar =
      TarBuilder()
          .directory("./", {.mode = 0751, .uid = 3, .gid = 4})
          .directory("bin", {.mode = 0700, .uid = 1, .gid = 2})
          .file("bin/tool", "tool", {.mode = 0111, .uid = 65535, .gid = 65535, .mtime = 12345})
          .file("bin/plain", "", {.mode = 0600})
          .file("bin/half", "x", {.pax = {{"mtime", "1600000000.25"}}})
          .symlink("bin/link", "../bin/tool", {.uid = 5, .gid = 6, .mtime = 7})
          .fifo("bin/fifo", {.mode = 0622, .uid = 8})
          .finish();
  check_tree(tar,
             ". d 0751 3:4\n"
             "bin d 0700 1:2\n"
             "bin/fifo p 0622 8:0\n"
             "bin/half f 0644 0:0 time=1600000000.250000000 'x'\n"
             "bin/link l 5:6 time=7 -> ../bin/tool\n"
             "bin/plain f 0600 0:0 ''\n"
             "bin/tool f 0111 65535:65535 time=12345 'tool'\n");
}

TEST_CASE("unpack: set-id and sticky bits survive the change of the owner") {
  const std::string tar = layer()
                              .file("sudo", "x", {.mode = 04755})
                              .file("mail", "x", {.mode = 02755, .uid = 0, .gid = 8})
                              .file("both", "x", {.mode = 06711, .uid = 9, .gid = 9})
                              .directory("tmp", {.mode = 01777})
                              .directory("local", {.mode = 02775, .gid = 50})
                              .directory("local/in", {.mode = 0755})
                              .file("local/file", "x")
                              .finish();
  check_tree(tar, std::string(kRoot) +
                      "both f 6711 9:9 'x'\n"
                      "local d 2775 0:50\n"
                      // Neither the group nor the bit is inherited.
                      "local/file f 0644 0:0 'x'\n"
                      "local/in d 0755 0:0\n"
                      "mail f 2755 0:8 'x'\n"
                      "sudo f 4755 0:0 'x'\n"
                      "tmp d 1777 0:0\n");
}

TEST_CASE("unpack: a directory keeps its time and mode, whenever its entry comes") {
  const std::string tar = TarBuilder()
                              .directory("a", {.mode = 0500})
                              .file("a/one", "1")
                              .file("b/two", "2")
                              .directory("b", {.mode = 0500})
                              .directory("./")
                              .finish();
  check_tree(tar, std::string(kRoot) +
                      "a d 0500 0:0\n"
                      "a/one f 0644 0:0 '1'\n"
                      "b d 0500 0:0\n"
                      "b/two f 0644 0:0 '2'\n");
}

TEST_CASE("unpack: directories without an entry are made and named") {
  for_each_way(TarBuilder().file("usr/share/doc/x", "x").finish(), [](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.summary ==
          "implicit: .\n"
          "implicit: usr\n"
          "implicit: usr/share\n"
          "implicit: usr/share/doc\n");
    CHECK(outcome.tree ==
          ". d 0755 0:0 time=0\n"
          "usr d 0755 0:0 time=0\n"
          "usr/share d 0755 0:0 time=0\n"
          "usr/share/doc d 0755 0:0 time=0\n"
          "usr/share/doc/x f 0644 0:0 'x'\n");
  });
}

TEST_CASE("unpack: names may be written in many ways, and have any bytes") {
  const std::string tar = layer()
                              .file("/absolute", "1")
                              .file("./here", "2")
                              .file(".//double///slashes/./x", "3")
                              .directory("double/slashes//")
                              .directory("double")
                              .file("latin\xe9", "4")
                              .file("back\\slash", "5")
                              .file("new\nline", "6")
                              .file("u\xcc\x88" + std::string(120, 'x'), "7")
                              .finish();
  const std::string expected = std::string(kRoot) +
                               "absolute f 0644 0:0 '1'\n"
                               "back\\slash f 0644 0:0 '5'\n"
                               "double d 0755 0:0\n"
                               "double/slashes d 0755 0:0\n"
                               "double/slashes/x f 0644 0:0 '3'\n"
                               "here f 0644 0:0 '2'\n"
                               "latin\\xe9 f 0644 0:0 '4'\n"
                               "new\\x0aline f 0644 0:0 '6'\n"
                               "u\xcc\x88" +
                               std::string(120, 'x') + " f 0644 0:0 '7'\n";
  check_tree(tar, expected);
  SUBCASE("in another locale, too") {
    // There libarchive would compose the accent of the name that a pax record has.
    if (std::setlocale(LC_ALL, "C.UTF-8") != nullptr) {
      check_tree(tar, expected);
      std::setlocale(LC_ALL, "C");
    }
  }
}

TEST_CASE("unpack: the last entry of a name counts") {
  const std::string tar = layer()
                              .file("file", "old", {.mode = 0600, .uid = 7})
                              .file("file", "new")
                              .file("becomes-link", "old")
                              .symlink("becomes-link", "file")
                              .symlink("becomes-file", "file")
                              .file("becomes-file", "own")
                              .file("becomes-directory", "old")
                              .directory("becomes-directory")
                              .directory("gone")
                              .directory("gone/deep")
                              .file("gone/deep/x", "x")
                              .file("gone", "a file")
                              .directory("stays", {.mode = 0700})
                              .file("stays/x", "x")
                              .directory("stays")
                              .finish();
  check_tree(tar, std::string(kRoot) +
                      "becomes-directory d 0755 0:0\n"
                      "becomes-file f 0644 0:0 'own'\n"
                      "becomes-link l 0:0 -> file\n"
                      "file f 0644 0:0 'new'\n"
                      "gone f 0644 0:0 'a file'\n"
                      "stays d 0755 0:0\n"
                      "stays/x f 0644 0:0 'x'\n");
}

TEST_CASE("unpack: what is no directory and is used as one is replaced") {
  check_tree(layer().file("a", "file").file("a/b", "x").directory("a").finish(),
             std::string(kRoot) + "a d 0755 0:0\na/b f 0644 0:0 'x'\n");
  check_tree(layer().fifo("a").directory("a/b").directory("a").finish(),
             std::string(kRoot) + "a d 0755 0:0\na/b d 0755 0:0\n");
}

TEST_CASE("unpack: links to directories are followed, inside the layer") {
  const std::string tar = layer()
                              .directory("usr")
                              .directory("usr/lib")
                              .symlink("lib", "usr/lib")
                              .symlink("lib64", "/usr/lib")
                              .symlink("usr/up", "../usr/../../../usr/lib")
                              .file("lib/a", "1")
                              .file("lib64/b", "2")
                              .file("usr/up/c", "3")
                              .finish();
  check_tree(tar, std::string(kRoot) +
                      "lib l 0:0 -> usr/lib\n"
                      "lib64 l 0:0 -> /usr/lib\n"
                      "usr d 0755 0:0\n"
                      "usr/lib d 0755 0:0\n"
                      "usr/lib/a f 0644 0:0 '1'\n"
                      "usr/lib/b f 0644 0:0 '2'\n"
                      "usr/lib/c f 0644 0:0 '3'\n"
                      "usr/up l 0:0 -> ../usr/../../../usr/lib\n");
}

TEST_CASE("unpack: a link that is replaced is not followed any more") {
  const std::string tar = layer()
                              .directory("real")
                              .symlink("dir", "real")
                              .file("dir/a", "1")
                              .directory("dir")
                              .file("dir/b", "2")
                              .finish();
  check_tree(tar, std::string(kRoot) +
                      "dir d 0755 0:0\n"
                      "dir/b f 0644 0:0 '2'\n"
                      "real d 0755 0:0\n"
                      "real/a f 0644 0:0 '1'\n");
}

TEST_CASE("unpack: hard links share a file, also when it comes later") {
  const std::string tar = layer()
                              .hard_link("early", "dir/file")
                              .directory("dir")
                              .file("dir/file", "contents", {.mode = 0640})
                              .hard_link("late", "./dir/file")
                              .hard_link("dir/absolute", "/dir/file")
                              .symlink("link", "dir")
                              .hard_link("through", "link/file")
                              .directory("dir")
                              .finish();
  check_tree(tar, std::string(kRoot) +
                      "dir d 0755 0:0\n"
                      "dir/absolute f 0640 0:0 links=5 'contents'\n"
                      "dir/file f 0640 0:0 links=5 'contents'\n"
                      "early f 0640 0:0 links=5 'contents'\n"
                      "late f 0640 0:0 links=5 'contents'\n"
                      "link l 0:0 -> dir\n"
                      "through f 0640 0:0 links=5 'contents'\n");
}

TEST_CASE("unpack: a hard link to a link is a link") {
  check_tree(layer().symlink("a", "/etc/passwd").hard_link("b", "a").finish(),
             std::string(kRoot) +
                 "a l 0:0 links=2 -> /etc/passwd\n"
                 "b l 0:0 links=2 -> /etc/passwd\n");
}

TEST_CASE("unpack: a later file takes the place of a hard link, not its contents") {
  const std::string tar = layer()
                              .file("a", "first")
                              .hard_link("b", "a")
                              .file("b", "second")
                              .file("c", "old")
                              .hard_link("c", "a")
                              .hard_link("d", "missing-until-later")
                              .file("d", "own")
                              .file("missing-until-later", "x")
                              .finish();
  check_tree(tar, std::string(kRoot) +
                      "a f 0644 0:0 links=2 'first'\n"
                      "b f 0644 0:0 'second'\n"
                      "c f 0644 0:0 links=2 'first'\n"
                      "d f 0644 0:0 'own'\n"
                      "missing-until-later f 0644 0:0 'x'\n");
}

TEST_CASE("unpack: device nodes and sockets are left out and counted") {
  const std::string tar = layer()
                              .directory("dev")
                              .character_device("dev/null", 1, 3)
                              .block_device("dev/sda", 8, 0)
                              .character_device("hides-below", 0, 0)
                              .finish();
  for_each_way(tar, [](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.summary == "warning: left out 3 device nodes\n");
    CHECK(outcome.tree == std::string(kRoot) + "dev d 0755 0:0\n");
  });
}

TEST_CASE("unpack: attributes are kept where they mean something") {
  // Source: linux/capability.h: revision 2, effective; cap_net_raw permitted.
  const std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  const std::string tar =
      layer()
          .file("ping", "x",
                {.mode = 0755,
                 .uid = 3,
                 .xattrs = {{"security.capability", capability},
                            {"user.note", "kept"},
                            {"user.overlay.redirect", "/etc/shadow"},
                            {"user.overlay.metacopy", ""},
                            {"user.fuseoverlayfs.opaque", "y"},
                            {"user.containers.override_stat", "0:0:4755"},
                            {"trusted.overlay.opaque", "y"},
                            {"security.selinux", "system_u:object_r:bin_t:s0"},
                            {"security.ima", "x"}}})
          .directory("dir", {.xattrs = {{"user.note", "kept"}, {"user.overlay.opaque", "y"}}})
          .symlink("link", "dir", {.xattrs = {{"user.note", "nowhere to put it"}}})
          .finish();
  for_each_way(tar, [&](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.tree.find("ping f 0755 3:0 security.capability=\\x01\\x00\\x00") !=
          std::string::npos);
    CHECK(outcome.tree.find(" user.note=kept 'x'\n") != std::string::npos);
    CHECK(outcome.tree.find("dir d 0755 0:0 user.note=kept\n") != std::string::npos);
    CHECK(outcome.tree.find("link l 0:0 -> dir\n") != std::string::npos);
    for (const char* dropped : {"overlay", "containers", "trusted", "selinux", "ima"}) {
      CHECK(outcome.tree.find(dropped) == std::string::npos);
    }
  });
}

TEST_CASE("unpack: a directory's default ACL is not inherited by what the layer has in it") {
  // Source: linux/posix_acl_xattr.h: version 2; entries of tag, permissions, id.
  const std::string acl(
      "\2\0\0\0"
      "\1\0\7\0\xff\xff\xff\xff"
      "\2\0\7\0\x05\0\0\0"  // user 5
      "\4\0\5\0\xff\xff\xff\xff"
      "\x10\0\7\0\xff\xff\xff\xff"
      "\x20\0\0\0\xff\xff\xff\xff",
      44);
  const std::string tar = layer()
                              .directory("shared", {.xattrs = {{"system.posix_acl_default", acl}}})
                              .directory("shared/dir")
                              .file("shared/file", "x", {.mode = 0666})
                              .finish();
  for_each_way(tar, [](const Outcome& outcome) {
    CHECK(outcome.error == "");
    CHECK(outcome.tree.find("shared d 0755 0:0 system.posix_acl_default=\\x02") !=
          std::string::npos);
    CHECK(outcome.tree.find("shared/dir d 0755 0:0\n") != std::string::npos);
    CHECK(outcome.tree.find("shared/file f 0666 0:0 'x'\n") != std::string::npos);
  });
}

TEST_CASE("unpack: holes stay holes and contents are where they belong") {
  const std::string tar = layer()
                              .sparse_file("hole-first", 1U << 20U, {{(1U << 20U) - 4, "last"}})
                              .sparse_file("hole-last", 1U << 20U, {{0, "head"}, {1U << 20U, ""}})
                              .sparse_file("all-hole", 1U << 20U, {{1U << 20U, ""}})
                              .file("zeros", std::string(1U << 20U, '\0') + "end")
                              .finish();
  std::string first(1U << 20U, '\0');
  first.replace(first.size() - 4, 4, "last");
  std::string last(1U << 20U, '\0');
  last.replace(0, 4, "head");
  check_tree(tar, std::string(kRoot) + "all-hole f 0644 0:0 1048576 bytes " +
                      sha256(std::string(1U << 20U, '\0')).abbreviated() +
                      "\nhole-first f 0644 0:0 1048576 bytes " + sha256(first).abbreviated() +
                      "\nhole-last f 0644 0:0 1048576 bytes " + sha256(last).abbreviated() +
                      "\nzeros f 0644 0:0 1048579 bytes " +
                      sha256(std::string(1U << 20U, '\0') + "end").abbreviated() + "\n");
}

TEST_CASE("unpack: every compression, and bytes that arrive in small pieces") {
  std::string large;
  for (int i = 0; large.size() < 700'000; ++i) {
    large += std::to_string(i * 7919);
  }
  const std::string tar = layer().file("large", large).file("small", "x").finish();
  const std::string expected = std::string(kRoot) + "large f 0644 0:0 " +
                               std::to_string(large.size()) + " bytes " +
                               sha256(large).abbreviated() + "\nsmall f 0644 0:0 'x'\n";
  using devenv::test::Compression;
  for (const Compression kind : {Compression::none, Compression::gzip, Compression::zstd,
                                 Compression::xz, Compression::bzip2}) {
    for (const std::size_t piece : {std::size_t{100}, std::size_t{65536}}) {
      for_each_way({devenv::test::compress(tar, kind)}, Settings{.piece = piece},
                   [&](const Outcome& outcome) {
                     CHECK(outcome.error == "");
                     CHECK(outcome.tree == expected);
                   });
    }
  }
}

TEST_CASE("unpack: bytes behind the end of the archive do not matter") {
  check_tree(layer().file("a", "x").finish() + std::string(20'000, '\0') + "anything",
             std::string(kRoot) + "a f 0644 0:0 'x'\n");
}

TEST_CASE("unpack: names and targets longer than a header's field") {
  const std::string name(200, 'n');
  const std::string target(1000, 't');
  check_tree(layer().file(name, "x").symlink("link", target).finish(),
             std::string(kRoot) + "link l 0:0 -> " + target + "\n" + name + " f 0644 0:0 'x'\n");
}

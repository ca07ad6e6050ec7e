// SPDX-License-Identifier: MIT
// Checksums of archives, and where in one the root file system is.
#include <doctest/doctest.h>

#include "env/image/fetch/checksums.hpp"
#include "env/image/fetch/import_name.hpp"
#include "env/image/fetch/nested_root.hpp"
#include "env/image/fetch/open_archive.hpp"

namespace devenv::image::fetch {
namespace {

const std::string kOne(64, '1');
const std::string kTwo(64, 'a');

TEST_CASE("archive name: the last part, without what a URL has behind it") {
  struct Row {
    const char* location;
    const char* name;
  };
  for (const Row& row : {Row{"/d/rootfs.tar.xz", "rootfs.tar.xz"}, Row{"rootfs.tar", "rootfs.tar"},
                         Row{"/d/odd?name#x", "odd?name#x"},
                         Row{"https://h/d/rootfs.tar.xz?token=1/2#x", "rootfs.tar.xz"},
                         Row{"HTTP://h/a%20b.tar", "a b.tar"}}) {
    CAPTURE(row.location);
    CHECK(archive_name(row.location) == row.name);
  }
  CHECK(default_import_name("https://h/d/Root.tar.xz?token=1/2") == "localhost/root:latest");
  CHECK(default_import_name("/d/rootfs.squashfs") == "localhost/rootfs:latest");
}

TEST_CASE("checksums: lines of sha256sum and of BSD") {
  const std::string list = "# a comment\n" + kOne + "  one.tar\n" + kTwo + " *./two.tar\r\n" +
                           "SHA256 (three (3).tar) = " + kOne + "\n" + "SHA512 (one.tar) = 00\n" +
                           "short  four.tar\n" + std::string(64, 'z') + "  five.tar\n";
  CHECK(find_checksum(list, "one.tar").value().hex() == kOne);
  CHECK(find_checksum(list, "two.tar").value().hex() == kTwo);
  CHECK(find_checksum(list, "three (3).tar").value().hex() == kOne);
  for (const char* missing : {"four.tar", "five.tar", "ne.tar", ""}) {
    CAPTURE(missing);
    const auto result = find_checksum(list, missing);
    REQUIRE(!result);
    CHECK(result.error().code() == ErrorCode::integrity);
    CHECK(result.error().message() ==
          "it has no SHA-256 checksum for '" + std::string(missing) + "'");
  }
}

TEST_CASE("checksums: a name may be there twice, but not with two checksums") {
  const std::string upper(64, 'A');
  CHECK(find_checksum(kTwo + "  x\n" + upper + "  x\n", "x").value().hex() == kTwo);
  const auto result = find_checksum(kTwo + "  x\n" + kOne + "  x\n", "x");
  REQUIRE(!result);
  CHECK(result.error().message() == "it has different checksums for 'x'");
}

TEST_CASE("checksums: a text that has its signature around it") {
  CHECK(is_clearsigned("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"));
  CHECK(is_clearsigned("# note\n-----BEGIN PGP SIGNED MESSAGE-----\n"));
  CHECK(!is_clearsigned("x -----BEGIN PGP SIGNED MESSAGE-----\n"));
  CHECK(!is_clearsigned(kOne + "  x\n"));
}

TEST_CASE("web address: what is fetched, and what is a file") {
  CHECK(is_web_address("https://h/x"));
  CHECK(is_web_address("HTTP://h"));
  CHECK(!is_web_address("ftp://h/x"));
  CHECK(!is_web_address("https:/h"));
  CHECK(!is_web_address("/https://h"));
}

TopEntry directory(const char* name, std::vector<std::string> names) {
  return {.name = name, .is_directory = true, .names = std::move(names)};
}

TEST_CASE("nested root: in one directory of an archive") {
  const TopEntry rootfs = directory("rootfs", {"bin", "etc", "usr"});
  const TopEntry metadata{.name = "metadata.yaml"};
  const TopEntry templates = directory("templates", {"hostname.tpl"});
  CHECK(nested_root({metadata, rootfs, templates}) == "rootfs");
  CHECK(nested_root({directory("root.x86_64", {"bin", "etc"}), {.name = "pkglist.x86_64.txt"}}) ==
        "root.x86_64");
  // A root that has a directory with another root in it, as a live system may.
  CHECK(nested_root({directory("bin", {}), directory("etc", {}), rootfs}).empty());
  // Two of them: nobody knows which.
  CHECK(nested_root({rootfs, directory("other", {"bin", "etc"})}).empty());
  // A file of that name, and one directory that is too little.
  CHECK(nested_root({{.name = "rootfs"}, metadata}).empty());
  CHECK(nested_root({directory("src", {"lib"})}).empty());
  CHECK(nested_root({}).empty());
}

TEST_CASE("nested root: metadata without a root file system") {
  const TopEntry metadata{.name = "metadata.yaml"};
  CHECK(is_metadata_only({metadata, directory("templates", {})}));
  CHECK(is_metadata_only({{.name = "config"}, {.name = "create-message"}}));
  CHECK(!is_metadata_only({metadata, directory("rootfs", {"bin", "etc"})}));
  CHECK(!is_metadata_only({metadata, directory("bin", {}), directory("etc", {})}));
  CHECK(!is_metadata_only({{.name = "hello"}}));
}

}  // namespace
}  // namespace devenv::image::fetch

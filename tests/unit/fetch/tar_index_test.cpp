// SPDX-License-Identifier: MIT
#include "env/image/fetch/tar_index.hpp"

#include <doctest/doctest.h>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/tar_builder.hpp"

namespace devenv::image::fetch {
namespace {

using test::TarBuilder;

/// A file with these bytes, and its index.
struct Indexed {
  explicit Indexed(const std::string& bytes) {
    REQUIRE(sys::write_file_atomic(scratch / "tar", bytes));
    auto file = sys::open_file(scratch / "tar", O_RDONLY);
    REQUIRE(file);
    fd = std::move(*file);
    index = TarIndex::read(fd.get(), bytes.size());
  }
  std::string text(std::string_view name) {
    REQUIRE(index);
    REQUIRE(*index);
    const TarEntry* entry = (*index)->find(name);
    if (entry == nullptr) {
      return "(none)";
    }
    std::string bytes(entry->size, '\0');
    REQUIRE(sys::read_at(fd.get(), bytes, entry->offset));
    return bytes;
  }
  test::Scratch scratch;
  sys::UniqueFd fd;
  Result<std::optional<TarIndex>> index = std::optional<TarIndex>();
};

TEST_CASE("tar index: finds files by name, however the tar writes them") {
  const std::string long_name = std::string(150, 'd') + "/" + std::string(90, 'f');
  Indexed tar(TarBuilder()
                  .directory("./")
                  .directory("blobs/")
                  .file("./blobs/one", "first")
                  .file("/absolute", "second")
                  .file(long_name, "third")
                  .file("empty", "")
                  .finish());
  CHECK(tar.text("blobs/one") == "first");
  CHECK(tar.text("absolute") == "second");
  CHECK(tar.text(long_name) == "third");
  CHECK(tar.text("empty") == "");
  CHECK(tar.text("blobs") == "(none)");
  CHECK(tar.text("nothing") == "(none)");
}

TEST_CASE("tar index: an OCI layout with very many entries is no root file system") {
  TarBuilder many;
  for (int i = 0; i < 10'001; ++i) {
    many.file("f" + std::to_string(i), "");
  }
  const Indexed root(TarBuilder(many).finish());
  REQUIRE(root.index);
  CHECK_FALSE(*root.index);
  const Indexed layout(many.file("oci-layout", "{}").file("./index.json", "{}").finish());
  REQUIRE_FALSE(layout.index);
  CHECK(layout.index.error().code() == ErrorCode::integrity);
}

TEST_CASE("tar index: understands GNU's long names") {
  const std::string name(300, 'n');
  Indexed tar(TarBuilder()
                  .entry('L', "././@LongLink", "", name + '\0', name.size() + 1)
                  .file("cut", "contents")
                  .finish());
  CHECK(tar.text(name) == "contents");
  CHECK(tar.text("cut") == "(none)");
}

TEST_CASE("tar index: follows links within the archive and nowhere else") {
  Indexed tar(TarBuilder()
                  .file("config.json", "config")
                  .symlink("blobs/sha256/abc", "../../config.json")
                  .symlink("blobs/sha256/def", "abc")
                  .hard_link("blobs/hard", "./config.json")
                  .symlink("absolute", "/config.json")
                  .symlink("out", "../../../etc/passwd")
                  .symlink("loop", "loop")
                  .symlink("dangling", "nothing")
                  .finish());
  CHECK(tar.text("blobs/sha256/abc") == "config");
  CHECK(tar.text("blobs/sha256/def") == "config");
  CHECK(tar.text("blobs/hard") == "config");
  CHECK(tar.text("absolute") == "config");
  CHECK(tar.text("out") == "(none)");
  CHECK(tar.text("loop") == "(none)");
  CHECK(tar.text("dangling") == "(none)");
}

TEST_CASE("tar index: the last entry of a name counts") {
  Indexed tar(TarBuilder().file("a", "old").file("a", "new").finish());
  CHECK(tar.text("a") == "new");
}

TEST_CASE("tar index: does without closing blocks") {
  Indexed tar(TarBuilder().file("a", "text").unfinished());
  CHECK(tar.text("a") == "text");
}

TEST_CASE("tar index: a damaged archive is an integrity error") {
  const std::string good = TarBuilder().file("a", std::string(2000, 'x')).file("b", "y").finish();
  std::string broken = good;
  broken[2560 + 3] = 'X';  // the name of the second entry
  for (const std::string& bytes : {good.substr(0, 1500), broken}) {
    const Indexed tar(bytes);
    REQUIRE_FALSE(tar.index);
    CHECK(tar.index.error().code() == ErrorCode::integrity);
  }
}

TEST_CASE("tar index: a size beyond the file is not believed") {
  const Indexed tar(TarBuilder().entry('0', "a", "", "x", 1ULL << 62U).finish());
  REQUIRE_FALSE(tar.index);
  CHECK(tar.index.error().code() == ErrorCode::integrity);
}

TEST_CASE("tar index: sparse files and very many entries are no image archive") {
  const Indexed sparse(TarBuilder().entry('S', "a", "", "x", 1).finish());
  REQUIRE(sparse.index);
  CHECK_FALSE(*sparse.index);
  TarBuilder many;
  for (int i = 0; i < 10'001; ++i) {
    many.file(std::to_string(i), "");
  }
  const Indexed index(many.finish());
  REQUIRE(index.index);
  CHECK_FALSE(*index.index);
}

TEST_CASE("tar: the first entry tells what an archive is") {
  CHECK(first_entry_name(TarBuilder().directory("./").directory("./blobs/").finish()) == "blobs");
  CHECK(first_entry_name(TarBuilder().file("bin/sh", "x").finish()) == "bin/sh");
  const std::string long_name(200, 'a');
  CHECK(first_entry_name(TarBuilder().file(long_name, "x").finish()) == long_name);
  CHECK(first_entry_name(std::string(1024, '\0')) == "");
  for (const std::string& bytes : {std::string(), std::string(511, 'x'), std::string(4096, 'x'),
                                   std::string("\x7f"
                                               "ELF") +
                                       std::string(600, '\0')}) {
    CHECK_FALSE(first_entry_name(bytes));
  }
}

TEST_CASE("tar: paths are normalized without leaving the top") {
  CHECK(normalize_path("a/./b//c/../d") == "a/b/d");
  CHECK(normalize_path("/a") == "a");
  CHECK(normalize_path("a/..") == "");
  CHECK_FALSE(normalize_path(".."));
  CHECK_FALSE(normalize_path("a/../../b"));
}

}  // namespace
}  // namespace devenv::image::fetch

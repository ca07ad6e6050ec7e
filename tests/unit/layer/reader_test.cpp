// SPDX-License-Identifier: MIT
#include "env/image/layer/reader.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/memory_source.hpp"
#include "tests/support/tar_builder.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::test::MemorySource;
using devenv::test::TarBuilder;

namespace {

const Entry& next_of(TarReader& reader) {
  const auto entry = reader.next();
  REQUIRE_MESSAGE(entry.has_value(), (entry ? std::string() : entry.error().to_line()));
  REQUIRE(*entry != nullptr);
  return **entry;
}

}  // namespace

TEST_CASE("tar reader: gives entries as plain values") {
  MemorySource source(TarBuilder()
                          .file("dir/file", "contents",
                                {.mode = 04751,
                                 .uid = 3'000'000'000,
                                 .gid = 7,
                                 .pax = {{"mtime", "12.5"}},
                                 .xattrs = {{"user.a", std::string("\0b", 2)}}})
                          .hard_link("hard", "dir/file")
                          .symlink("soft", "/dir")
                          .finish());
  TarReader reader(source);
  const Entry& file = next_of(reader);
  CHECK(file.kind == EntryKind::regular);
  CHECK(file.path == "dir/file");
  CHECK(file.mode == 04751);
  CHECK(file.uid == 3'000'000'000);
  CHECK(file.gid == 7);
  CHECK(file.mtime.tv_sec == 12);
  CHECK(file.mtime.tv_nsec == 500'000'000);
  CHECK(file.size == 8);
  REQUIRE(file.attributes.size() == 1);
  CHECK(file.attributes[0].name == "user.a");
  CHECK(file.attributes[0].value == std::string_view("\0b", 2));
  const Entry& hard = next_of(reader);
  CHECK(hard.kind == EntryKind::hard_link);
  CHECK(hard.link_target == "dir/file");
  CHECK(hard.size == 0);
  CHECK(hard.attributes.empty());
  const Entry& soft = next_of(reader);
  CHECK(soft.kind == EntryKind::symlink);
  CHECK(soft.link_target == "/dir");
  CHECK(reader.next().value() == nullptr);
}

TEST_CASE("tar reader: gives contents in blocks, and holes by their offsets") {
  MemorySource source(
      TarBuilder().sparse_file("x", 10'000, {{100, "one"}, {9'000, "two"}}).finish());
  TarReader reader(source);
  CHECK(next_of(reader).size == 10'000);
  std::string contents(10'000, '.');
  while (true) {
    const auto block = reader.next_block();
    REQUIRE(block);
    if (!*block) {
      break;
    }
    contents.replace((*block)->offset, (*block)->bytes.size(),
                     std::string((*block)->bytes.begin(), (*block)->bytes.end()));
  }
  std::string expected(10'000, '.');
  expected.replace(100, 3, "one").replace(9'000, 3, "two");
  CHECK(contents == expected);
}

TEST_CASE("tar reader: contents that are not asked for are skipped") {
  MemorySource source(
      TarBuilder().file("large", std::string(3 * kBlockSize, 'x')).file("b", "").finish(), 1000);
  TarReader reader(source);
  CHECK(next_of(reader).path == "large");
  CHECK(next_of(reader).path == "b");
}

TEST_CASE("tar reader: an error of the source comes through, wherever it happens") {
  const std::string tar = TarBuilder().file("a", std::string(2000, 'x')).finish();
  for (const std::size_t length : {0U, 100U, 512U, 1000U, 2600U}) {
    CAPTURE(length);
    MemorySource source(tar.substr(0, length), 512, "connection reset");
    TarReader reader(source);
    auto entry = reader.next();
    Result<std::optional<TarReader::Block>> block = std::nullopt;
    while (entry && *entry != nullptr) {
      do {
        block = reader.next_block();
      } while (block && *block);
      if (!block) {
        break;
      }
      entry = reader.next();
    }
    REQUIRE((!entry || !block));
    const Error error = !entry ? entry.error() : block.error();
    CHECK(error.code() == ErrorCode::network);
    CHECK(error.message() == "connection reset");
  }
}

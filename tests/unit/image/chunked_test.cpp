// SPDX-License-Identifier: MIT
#include "env/image/chunked.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"

using namespace devenv;
using namespace devenv::image;

namespace {

const std::string kDigest(64, 'a');

Json descriptor(const std::string& prefix, const std::string& position) {
  return Json{{"annotations",
               {{prefix + "manifest-checksum", "sha256:" + kDigest},
                {prefix + "manifest-position", position}}}};
}

std::string entry(const std::string& name, std::uint64_t size, int begin, int end) {
  return format(
      R"({{"type":"reg","name":"{}","size":{},"digest":"sha256:{}","offset":{},"endOffset":{}}})",
      name, size, kDigest, begin, end);
}

std::string contents(const std::string& entries) {
  return R"({"version":1,"entries":[)" + entries + "]}";
}

}  // namespace

TEST_CASE("chunked: the annotations say where the table of contents is") {
  for (const std::string prefix :
       {"io.github.containers.zstd-chunked.", "io.containers.zstd-chunked."}) {
    const auto place = contents_place(descriptor(prefix, "100:20:300:1"), 128);
    REQUIRE(place);
    CHECK(place->offset == 100);
    CHECK(place->size_bytes == 20);
    CHECK(place->unpacked_bytes == 300);
    CHECK(place->digest.hex() == kDigest);
  }
}

TEST_CASE("chunked: annotations that make no sense make it an ordinary layer") {
  const std::string prefix = "io.github.containers.zstd-chunked.";
  for (const char* position : {"", "1", "100:20:300", "100:20:300:2", "100:29:300:1", "129:0:3:1",
                               "18446744073709551615:2:3:1", "-1:2:3:1", "100:20:99999999999:1",
                               "a:b:c:d", "100:20:300:1:1"}) {
    CAPTURE(position);
    CHECK(!contents_place(descriptor(prefix, position), 128));
  }
  CHECK(!contents_place(Json::object(), 128));
  CHECK(!contents_place(Json{{"annotations", 7}}, 128));
}

TEST_CASE("chunked: large files are found, in the order of the blob") {
  const auto files = parse_contents(
      contents(entry("b", 300'000, 50, 90) + "," + entry("a", 400'000, 10, 40) + "," +
               entry("small", 100, 40, 50) + R"(,{"type":"chunk","name":"a","offset":20},)" +
               R"({"type":"dir","name":"d","xattrs":{"user.size":"x"}})"),
      ContentsKind::zstd_chunked, 100);
  REQUIRE(files);
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].path == "a");
  CHECK((*files)[0].size_bytes == 400'000);
  CHECK((*files)[1].path == "b");
  CHECK((*files)[1].end == 90);
}

TEST_CASE("chunked: files that overlap or lie outside are refused") {
  for (const std::string& text :
       {contents(entry("a", 300'000, 10, 40) + "," + entry("b", 300'000, 39, 50)),
        contents(entry("a", 300'000, 10, 101)), std::string("{"), std::string(),
        std::string(100'000, '[')}) {
    const auto files = parse_contents(text, ContentsKind::zstd_chunked, 100);
    REQUIRE(!files);
    CHECK(files.error().code() == ErrorCode::integrity);
  }
}

TEST_CASE("chunked: the end of an eStargz blob says where its table of contents is") {
  const auto place = contents_place(
      Json{{"annotations", {{"containerd.io/snapshot/stargz/toc.digest", "sha256:" + kDigest}}}},
      1000);
  REQUIRE(place);
  CHECK(place->kind == ContentsKind::estargz);
  CHECK(place->digest.hex() == kDigest);
  const std::string head("\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0", 16);
  const std::string tail("STARGZ\x01\0\0\xff\xff\0\0\0\0\0\0\0\0", 19);
  CHECK(parse_stargz_footer(head + "00000000000abcde" + tail) == 0xabcdeU);
  CHECK(!parse_stargz_footer(head + "0000000000 abcde" + tail));
  CHECK(!parse_stargz_footer(head + "00000000000abcde" + tail + "x"));
  CHECK(!parse_stargz_footer(head + "00000000000abcde" + "starGZ" + tail.substr(6)));
  CHECK(!parse_stargz_footer(""));
}

TEST_CASE("chunked: of an eStargz file all but the last chunk is its own") {
  const auto reg = [](const std::string& name, int begin, const std::string& more = "") {
    return format(
        R"({{"type":"reg","name":"{}","size":9000000,"digest":"sha256:{}","offset":{}{}}})", name,
        kDigest, begin, more);
  };
  const auto chunk = [](const std::string& name, int begin, int offset,
                        const std::string& more = "") {
    return format(R"({{"type":"chunk","name":"{}","offset":{},"chunkOffset":{}{}}})", name, begin,
                  offset, more);
  };
  const auto files = parse_contents(
      contents(reg("a", 10) + "," + chunk("a", 20, 4'000'000) + "," + chunk("a", 30, 8'000'000) +
               "," + reg("one", 40) + "," + reg("inner", 40, R"(,"innerOffset":100)") + "," +
               chunk("inner", 50, 4'000'000) + "," + reg("b", 60) + "," +
               chunk("b", 70, 4'000'000) + "," + chunk("b", 70, 5'000'000, R"(,"innerOffset":7)") +
               "," + reg("again", 80) + R"(,{"type":"reg","name":"again","size":1},)" +
               chunk("again", 90, 4'000'000)),
      ContentsKind::estargz, 100);
  REQUIRE(files);
  std::string found;
  for (const LargeFile& file : *files) {
    found += format("{} {}-{} {}\n", file.path, file.begin, file.end, file.size_bytes);
  }
  CHECK(found ==
        "a 10-30 8000000\n"
        "one 40-40 0\n"
        "inner 40-40 0\n"
        "b 60-70 4000000\n"
        "again 80-80 0\n");
}

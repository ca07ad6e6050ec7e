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
      100);
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
    const auto files = parse_contents(text, 100);
    REQUIRE(!files);
    CHECK(files.error().code() == ErrorCode::integrity);
  }
}

// SPDX-License-Identifier: MIT
#include "env/image/codec/compress.hpp"

#include <doctest/doctest.h>

#include "env/image/codec/decompress.hpp"
#include "tests/support/memory_source.hpp"

using namespace devenv;
using namespace devenv::image;

namespace {

class MemorySink final : public ByteSink {
 public:
  Result<void> write(std::string_view more) override {
    bytes += more;
    return {};
  }
  std::string bytes;
};

/// Refuses everything.
class FullSink final : public ByteSink {
 public:
  Result<void> write(std::string_view bytes) override {
    return bytes.empty() ? Result<void>{} : fail(ErrorCode::failed, "full");
  }
};

using Make = std::unique_ptr<CompressingSink> (*)(ByteSink&);
const std::vector<Make> kKinds = {&make_gzip_sink, &make_zlib_sink};

std::string noise(std::size_t size) {
  std::string bytes;
  std::uint32_t state = 1;
  while (bytes.size() < size) {
    state = state * 1664525U + 1013904223U;
    bytes += static_cast<char>(state >> 24U);
  }
  return bytes;
}

}  // namespace

TEST_CASE("compress: what was written is what decompressing gives") {
  const std::vector<std::string> texts = {"", "x", std::string(3'000'000, 'a'), noise(1'000'000),
                                          noise(700) + std::string(800'000, '\0') + noise(700'000)};
  for (const Make make : kKinds) {
    for (const std::string& text : texts) {
      CAPTURE(text.size());
      for (const std::size_t piece : {std::size_t{1'000'000}, std::size_t{65'537}}) {
        MemorySink packed;
        const auto gzip = make(packed);
        for (std::size_t at = 0; at < text.size(); at += piece) {
          REQUIRE(gzip->write(std::string_view(text).substr(at, piece)));
        }
        REQUIRE(gzip->finish());
        test::MemorySource source(packed.bytes);
        const auto unpacked = decompress(source);
        REQUIRE(unpacked);
        const auto all = test::read_everything(**unpacked);
        REQUIRE(all);
        CHECK((*all == text));
      }
    }
  }
}

TEST_CASE("compress: an error of the next in the chain comes back") {
  for (const Make make : kKinds) {
    FullSink full;
    const auto gzip = make(full);
    const auto written = gzip->write(noise(2'000'000));
    const auto ended = written ? gzip->finish() : written;
    REQUIRE_FALSE(ended);
    CHECK(ended.error().message() == "full");
  }
}

TEST_CASE("compress: hashing on the way counts and passes on") {
  MemorySink end;
  HashingSink hash(end);
  REQUIRE(hash.write("abc"));
  REQUIRE(hash.write("def"));
  CHECK(end.bytes == "abcdef");
  CHECK(hash.count() == 6);
  CHECK(hash.finish() == sha256("abcdef"));
}

// SPDX-License-Identifier: MIT
#include "env/image/codec/read_ahead.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/memory_source.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::test::MemorySource;

namespace {

constexpr std::uint64_t kNoLimit = 1ULL << 40U;

std::string sample(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(i * 31 + i / 251);
  }
  return bytes;
}

Result<std::string> take_all(ByteSource& source) {
  std::string all;
  while (true) {
    TRY_ASSIGN(const std::span<const char> bytes, source.next({}));
    if (bytes.empty()) {
      return all;
    }
    all.append(bytes.data(), bytes.size());
  }
}

}  // namespace

TEST_CASE("read ahead: passes everything on, in order, and gives its digest") {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kBlockSize, kBlockSize + 1, 40 * kBlockSize + 77}) {
    for (const std::size_t piece : {std::size_t{0}, std::size_t{100'000}}) {
      const std::string bytes = sample(size);
      MemorySource source(bytes, piece == 0 ? size + 1 : piece);
      ReadAhead ahead(source, kNoLimit);
      const auto all = take_all(ahead);
      REQUIRE(all);
      CHECK(*all == bytes);
      const auto digest = ahead.finish();
      REQUIRE(digest);
      CHECK(*digest == sha256(bytes));
      CHECK(ahead.count() == size);
    }
  }
}

TEST_CASE("read ahead: what nobody read is hashed as well") {
  const std::string bytes = sample(9 * kBlockSize + 5);
  MemorySource source(bytes, bytes.size());
  ReadAhead ahead(source, kNoLimit);
  std::string first(1000, '\0');
  REQUIRE(ahead.read(first).value() == 1000);
  CHECK(first == bytes.substr(0, 1000));
  // The rest of the block, where it lies.
  CHECK(ahead.next({}).value().size() == kBlockSize - 1000);
  CHECK(ahead.finish().value() == sha256(bytes));
}

TEST_CASE("read ahead: an error comes after the bytes before it") {
  const std::string bytes = sample(3 * kBlockSize);
  MemorySource source(bytes, bytes.size(), "gone");
  ReadAhead ahead(source, kNoLimit);
  for (int block = 0; block < 3; ++block) {
    CHECK(ahead.next({}).value().size() == kBlockSize);
  }
  const auto end = ahead.next({});
  REQUIRE(!end);
  CHECK(end.error().code() == ErrorCode::network);
  CHECK(!ahead.finish());
}

TEST_CASE("read ahead: more than the limit is an integrity error") {
  const std::string bytes = sample(2 * kBlockSize);
  MemorySource source(bytes, bytes.size());
  ReadAhead ahead(source, 2 * kBlockSize - 1);
  const auto all = take_all(ahead);
  REQUIRE(!all);
  CHECK(all.error().code() == ErrorCode::integrity);
}

TEST_CASE("read ahead: stopped, it leaves the source where it is") {
  const std::string bytes = sample(100 * kBlockSize);
  MemorySource source(bytes, bytes.size());
  {
    ReadAhead ahead(source, kNoLimit);
    REQUIRE(ahead.next({}).value().size() == kBlockSize);
    ahead.stop();
  }
  HashingSource rest(source, kNoLimit);
  REQUIRE(rest.finish());
  CHECK(rest.count() > 90 * kBlockSize);
}

// SPDX-License-Identifier: MIT
#include "env/image/codec/hash.hpp"

#include <doctest/doctest.h>

#include "tests/support/memory_source.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::test::MemorySource;

TEST_CASE("sha256: gives the values of FIPS 180-4's examples") {
  struct Example {
    std::string text;
    const char* hex;
  };
  const Example examples[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Example& example : examples) {
    CHECK(sha256(example.text).hex() == example.hex);
  }
}

TEST_CASE("chain_id: of the lowest layer is its diff id") {
  const Digest diff = sha256("layer");
  CHECK(chain_id(std::nullopt, diff) == diff);
}

TEST_CASE("chain_id: hashes parent and diff id with a space between") {
  const Digest parent = sha256("one");
  const Digest diff = sha256("two");
  CHECK(chain_id(parent, diff) == sha256(parent.string() + " " + diff.string()));
}

TEST_CASE("hashing source: passes on, counts and hashes") {
  MemorySource inner("hello world", 3);
  HashingSource source(inner, 11);
  CHECK(test::read_everything(source).value() == "hello world");
  CHECK(source.count() == 11);
  CHECK(source.finish().value() == sha256("hello world"));
}

TEST_CASE("hashing source: finish reads what nobody asked for") {
  MemorySource inner(std::string(3 * kBlockSize, 'x'));
  HashingSource source(inner, 10 * kBlockSize);
  char first = 0;
  CHECK(source.read({&first, 1}).value() == 1);
  CHECK(source.finish().value() == sha256(std::string(3 * kBlockSize, 'x')));
  CHECK(source.count() == 3 * kBlockSize);
}

TEST_CASE("hashing source: one byte more than the limit is an integrity error") {
  MemorySource inner("123456");
  HashingSource source(inner, 5);
  const auto result = test::read_everything(source);
  REQUIRE(!result);
  CHECK(result.error().code() == ErrorCode::integrity);
  CHECK(result.error().message() == "more than the expected 5 bytes");
}

TEST_CASE("hashing source: an error of the source comes through") {
  MemorySource inner("123", 10, "connection reset");
  HashingSource source(inner, 100);
  const auto result = source.finish();
  REQUIRE(!result);
  CHECK(result.error().code() == ErrorCode::network);
  CHECK(result.error().message() == "connection reset");
}

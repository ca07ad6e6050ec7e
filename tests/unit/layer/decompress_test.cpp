// SPDX-License-Identifier: MIT
#include "env/image/codec/decompress.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "env/image/codec/decoder.hpp"
#include "env/image/codec/input.hpp"
#include "env/image/codec/member_source.hpp"
#include "tests/support/compress.hpp"
#include "tests/support/memory_source.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::test::compress;
using devenv::test::Compression;
using devenv::test::MemorySource;
using devenv::test::read_everything;

namespace {

constexpr Compression kKinds[] = {Compression::gzip, Compression::zstd, Compression::xz,
                                  Compression::bzip2};

/// Bytes that compress somewhat, the same at each run.
std::string sample(std::size_t size) {
  std::string bytes;
  unsigned state = 1;
  while (bytes.size() < size) {
    state = state * 1103515245U + 12345U;
    bytes += static_cast<char>((state >> 16U) & 0x1fU);
  }
  return bytes;
}

Result<std::string> decompressed(const std::string& bytes,
                                 std::size_t piece = kBlockSize,
                                 std::size_t block = kBlockSize) {
  MemorySource inner(bytes, piece);
  TRY_ASSIGN(const auto source, decompress(inner));
  return read_everything(*source, block);
}

std::string error_of(const std::string& bytes, std::size_t piece = kBlockSize) {
  const auto result = decompressed(bytes, piece);
  REQUIRE(!result);
  CHECK(result.error().code() == ErrorCode::integrity);
  return result.error().to_line();
}

std::string asked_for(const std::string& bytes, std::size_t piece, int& asked) {
  MemorySource inner(bytes, piece);
  const auto source = decompress(inner, kDefaultMaxRatio, [&]() -> Result<void> {
    ++asked;
    return {};
  });
  REQUIRE(source);
  const auto all = read_everything(**source);
  return all ? *all : all.error().to_line();
}

/// Frames of five letters (RFC 8878, 3.1.1): a window of 2^`log` bytes, one block that repeats.
std::string zstd_frame(unsigned log) {
  return {'\x28', '\xb5', '\x2f', '\xfd', '\0', static_cast<char>((log - 10) << 3U),
          '\x2b', '\0',   '\0',   'x'};
}

// "hello hello\n" with dictionaries of 64 and of 256 MiB.
const std::string kXz64(
    "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x1c\x00\x00\x00"
    "\x10\xcf\x58\xcc\x01\x00\x0b\x68\x65\x6c\x6c\x6f\x20\x68\x65\x6c\x6c\x6f\x0a\x00"
    "\x66\xce\x0a\xcc\x31\x91\x23\xef\x00\x01\x24\x0c\xa6\x18\xd8\xd8\x1f\xb6\xf3\x7d"
    "\x01\x00\x00\x00\x00\x04\x59\x5a",
    68);
const std::string kXz256(
    "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x20\x00\x00\x00"
    "\x09\x88\xa5\x76\x01\x00\x0b\x68\x65\x6c\x6c\x6f\x20\x68\x65\x6c\x6c\x6f\x0a\x00"
    "\x66\xce\x0a\xcc\x31\x91\x23\xef\x00\x01\x24\x0c\xa6\x18\xd8\xd8\x1f\xb6\xf3\x7d"
    "\x01\x00\x00\x00\x00\x04\x59\x5a",
    68);

using MakeDecoder = std::function<std::unique_ptr<Decoder>()>;

/// Both engines of gzip, whichever is used for images.
std::vector<MakeDecoder> gzip_decoders() {
  std::vector<MakeDecoder> decoders{[] { return make_zlib_decoder(); }};
#ifdef DEVENV_HAVE_ISAL
  decoders.emplace_back([] { return make_isal_decoder(); });
#endif
  return decoders;
}

Result<std::string> gunzipped(const MakeDecoder& make,
                              const std::string& bytes,
                              std::size_t piece,
                              std::size_t block) {
  MemorySource inner(bytes, piece);
  Input input(inner);
  MemberSource source(input, make());
  return read_everything(source, block);
}

}  // namespace

TEST_CASE("decompress: every kind, in pieces of every size") {
  const std::string contents = sample(700'000);
  for (const Compression kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    const std::string packed = compress(contents, kind);
    CHECK(decompressed(packed).value() == contents);
    CHECK(decompressed(packed, 4093, 8191).value() == contents);
  }
  const std::string small = sample(5000);
  for (const Compression kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    CHECK(decompressed(compress(small, kind), 1, 1).value() == small);
    CHECK(decompressed(compress("", kind), 1).value().empty());
  }
}

TEST_CASE("decompress: anything unknown is passed on as it is") {
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("\x1f"), std::string("\x28\xb5\x2f"),
        std::string("plain"), sample(600'000)}) {
    CHECK(decompressed(bytes).value() == bytes);
    CHECK(decompressed(bytes, 1, 7).value() == bytes);
  }
}

TEST_CASE("decompress: several members are one stream") {
  for (const Compression kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    const std::string packed = compress("one ", kind) + compress("", kind) + compress("two", kind);
    CHECK(decompressed(packed).value() == "one two");
    CHECK(decompressed(packed, 1, 1).value() == "one two");
  }
}

TEST_CASE("decompress: very many members, and empty ones first, last and side by side") {
  // As eStargz and zstd:chunked write a layer: a member for each file, and more.
  for (const Compression kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    const std::string empty = compress("", kind);
    std::string packed = empty + empty;
    std::string contents;
    for (int i = 0; i < 500; ++i) {
      const std::string piece = sample(static_cast<std::size_t>(i));
      packed += compress(piece, kind);
      contents += piece;
      if (i % 50 == 0) {
        packed += empty + empty;
      }
    }
    packed += empty;
    CHECK(decompressed(packed).value() == contents);
    CHECK(decompressed(packed, 7, 13).value() == contents);
    CHECK(decompressed(packed + std::string(512, '\0')).value() == contents);
    CHECK(error_of(packed + std::string(512, '\0') + empty).find("data") != std::string::npos);
    CHECK(decompressed(empty + empty).value().empty());
  }
}

TEST_CASE("decompress: zstd:chunked ends in skippable frames that are as large as they like") {
  // The manifest of the chunks, and a footer. Source: containers/storage, pkg/chunked.
  std::string table("\x50\x2a\x4d\x18\x40\x0d\x03\x00", 8);
  table += sample(200'000);
  const std::string footer = std::string("\x50\x2a\x4d\x18\x40\x00\x00\x00", 8) + sample(64);
  const std::string packed =
      compress("one ", Compression::zstd) + compress("two", Compression::zstd) + table + footer;
  CHECK(decompressed(packed).value() == "one two");
  CHECK(decompressed(packed, 1000, 1).value() == "one two");
  (void)error_of(packed.substr(0, packed.size() - 1));
}

TEST_CASE("decompress: zero padding after the last member is accepted") {
  for (const Compression kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    for (const std::size_t length : {std::size_t{4}, std::size_t{512}, 2 * kBlockSize}) {
      const std::string packed = compress("text", kind) + std::string(length, '\0');
      CHECK(decompressed(packed).value() == "text");
      CHECK(decompressed(packed, 3).value() == "text");
    }
  }
}

TEST_CASE("decompress: anything else after the last member is an integrity error") {
  for (const Compression kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    for (const std::string& garbage :
         {std::string("garbage"), std::string(600, '\0') + "x", std::string("\x1f")}) {
      const std::string packed = compress("text", kind) + garbage;
      CHECK(error_of(packed).find("data") != std::string::npos);
      CHECK(error_of(packed, 1).find("data") != std::string::npos);
    }
  }
  CHECK(error_of(compress("text", Compression::gzip) + "garbage") ==
        "unexpected bytes after the gzip data");
  CHECK(error_of(compress("text", Compression::bzip2) + "garbage") ==
        "unexpected bytes after the bzip2 data");
}

TEST_CASE("decompress: trailing garbage is found where blocks of the input meet") {
  const std::string member = compress(sample(900'000), Compression::bzip2);
  REQUIRE(member.size() > kBlockSize);
  for (std::size_t after = 0; after < 20; ++after) {
    CAPTURE(after);
    // The members end `after` bytes before the second block ends.
    const std::string filler = compress(sample(1000), Compression::bzip2);
    std::string packed = member;
    while (packed.size() + filler.size() + after <= 2 * kBlockSize) {
      packed += filler;
    }
    std::string garbage = "!" + std::string(2 * kBlockSize, '\0');
    CHECK(error_of(packed + garbage) == "unexpected bytes after the bzip2 data");
    CHECK(decompressed(packed + std::string(2 * kBlockSize, '\0')).has_value());
  }
}

TEST_CASE("decompress: a truncated stream is an integrity error") {
  for (const Compression kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    const std::string packed = compress(sample(3000), kind);
    for (std::size_t length = 8; length < packed.size(); length += 7) {
      CAPTURE(length);
      (void)error_of(packed.substr(0, length));
    }
    (void)error_of(packed.substr(0, packed.size() - 1));
    // Also when it is the second member.
    (void)error_of(packed + packed.substr(0, packed.size() - 1));
  }
}

TEST_CASE("decompress: a changed bit is an integrity error") {
  for (const Compression kind : {Compression::gzip, Compression::xz, Compression::bzip2}) {
    CAPTURE(static_cast<int>(kind));
    std::string packed = compress(sample(3000), kind);
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 1);
    (void)error_of(packed);
  }
}

TEST_CASE("decompress: an error of the source comes through") {
  for (const Compression kind : {Compression::none, Compression::gzip, Compression::zstd,
                                 Compression::xz, Compression::bzip2}) {
    CAPTURE(static_cast<int>(kind));
    const std::string packed = compress(sample(3000), kind);
    MemorySource inner(packed.substr(0, packed.size() / 2), 100, "connection reset");
    const auto source = decompress(inner);
    REQUIRE(source);
    const auto result = read_everything(**source);
    REQUIRE(!result);
    CHECK(result.error().code() == ErrorCode::network);
    CHECK(result.error().message() == "connection reset");
  }
}

TEST_CASE("decompress: skippable zstd frames are skipped, first, between and last") {
  const std::string skippable("\x5e\x2a\x4d\x18\x05\x00\x00\x00hello", 13);
  const std::string packed = skippable + compress("one ", Compression::zstd) + skippable +
                             compress("two", Compression::zstd) + skippable;
  CHECK(decompressed(packed).value() == "one two");
  CHECK(decompressed(packed, 1, 1).value() == "one two");
}

TEST_CASE("decompress: a bomb is stopped by its ratio") {
  // 1 GiB of zeros, of which only a part may come out.
  const std::string member = compress(std::string(16U << 20U, '\0'), Compression::zstd);
  std::string packed;
  for (int i = 0; i < 64; ++i) {
    packed += member;
  }
  MemorySource inner(packed);
  const auto source = decompress(inner, 100);
  REQUIRE(source);
  std::string block(kBlockSize, '\0');
  std::uint64_t total = 0;
  while (true) {
    const auto count = (*source)->read(block);
    if (!count) {
      CHECK(count.error().code() == ErrorCode::integrity);
      CHECK(count.error().message().find("bytes grow to more than 100 times their size") !=
            std::string::npos);
      break;
    }
    REQUIRE(*count > 0);
    total += *count;
  }
  CHECK(total <= (100U << 20U) + kBlockSize);
}

TEST_CASE("gzip: ISA-L and zlib agree on members, headers and errors") {
  // Source: RFC 1952. Flags: FHCRC 2, FEXTRA 4, FNAME 8, FCOMMENT 16.
  const std::string plain = compress("contents", Compression::gzip);
  const std::string deflated = plain.substr(10);
  const std::string with_name = std::string("\x1f\x8b\x08\x08\0\0\0\0\0\x03name\0", 15) + deflated;
  const std::string with_all =
      std::string("\x1f\x8b\x08\x1c\0\0\0\0\0\x03\x03\0abcname\0comment\0", 28) + deflated;
  std::string wrong_checksum = plain;
  wrong_checksum[plain.size() - 6] = static_cast<char>(wrong_checksum[plain.size() - 6] ^ 1);
  std::string wrong_length = plain;
  wrong_length[plain.size() - 3] = static_cast<char>(wrong_length[plain.size() - 3] ^ 1);
  for (const MakeDecoder& make : gzip_decoders()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, kBlockSize}) {
      CAPTURE(piece);
      CHECK(gunzipped(make, plain, piece, 3).value() == "contents");
      CHECK(gunzipped(make, with_name, piece, kBlockSize).value() == "contents");
      CHECK(gunzipped(make, with_all + plain, piece, kBlockSize).value() == "contentscontents");
      CHECK(!gunzipped(make, wrong_checksum, piece, kBlockSize));
      CHECK(!gunzipped(make, wrong_length, piece, kBlockSize));
      CHECK(!gunzipped(make, std::string("\x1f\x8b\x07\0\0\0\0\0\0\x03", 10) + deflated, piece,
                       kBlockSize));
    }
  }
}

TEST_CASE("gzip: large members come out whole, whatever the block sizes") {
  const std::string contents = sample(2'000'000) + std::string(300'000, '\0') + sample(70'000);
  const std::string packed = compress(contents, Compression::gzip);
  for (const MakeDecoder& make : gzip_decoders()) {
    CHECK((gunzipped(make, packed + packed, 1000, kBlockSize).value() == contents + contents));
    CHECK((gunzipped(make, packed, kBlockSize, 999).value() == contents));
  }
}

TEST_CASE("decompress: who needs much memory asks for it, once") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, kBlockSize}) {
    CAPTURE(piece);
    int asked = 0;
    CHECK(asked_for(zstd_frame(23), piece, asked) == "xxxxx");
    CHECK(asked_for(compress("text", Compression::xz), piece, asked) == "text");
    CHECK(asked == 0);
    CHECK(asked_for(zstd_frame(20) + zstd_frame(27) + zstd_frame(26), piece, asked) ==
          "xxxxxxxxxxxxxxx");
    CHECK(asked == 1);
    CHECK(asked_for(kXz64, piece, asked) == "hello hello\n");
    CHECK(asked == 2);
  }
}

TEST_CASE("decompress: without anybody to ask") {
  CHECK(decompressed(zstd_frame(27)).value_or("") == "xxxxx");
  CHECK(decompressed(kXz64).value_or("") == "hello hello\n");
}

TEST_CASE("decompress: too much memory") {
  int asked = 0;
  CHECK(asked_for(zstd_frame(28), kBlockSize, asked) ==
        "damaged zstd data: Frame requires too much memory for decoding");
  CHECK(asked_for(kXz256, kBlockSize, asked) ==
        "damaged xz data: needs more than 136 MiB of memory");
}

TEST_CASE("decompress: a gate that stays closed") {
  MemorySource inner(kXz64, kBlockSize);
  const auto source = decompress(inner, kDefaultMaxRatio, []() -> Result<void> {
    return fail(ErrorCode::interrupted, "no turn");
  });
  REQUIRE(source);
  const auto all = read_everything(**source);
  REQUIRE(!all);
  CHECK(all.error().code() == ErrorCode::interrupted);
}

// SPDX-License-Identifier: MIT
#include "env/base/byte_size.hpp"

#include <doctest/doctest.h>

#include <limits>

using devenv::ByteSize;
using devenv::ErrorCode;

TEST_CASE("byte size: parses numbers with and without units") {
  struct Row {
    const char* text;
    std::uint64_t bytes;
  };
  for (const Row& row : {
           Row{"0", 0},
           Row{"512", 512},
           Row{"512B", 512},
           Row{"512k", 512ULL << 10U},
           Row{"512 KiB", 512ULL << 10U},
           Row{"64M", 64ULL << 20U},
           Row{"64mb", 64ULL << 20U},
           Row{"1.5G", 3ULL << 29U},
           Row{"0.5k", 512},
           Row{"2T", 2ULL << 40U},
           Row{" 3P ", 3ULL << 50U},
           Row{"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
           Row{"16383.999P", (16383ULL << 50U) + static_cast<std::uint64_t>(0.999 * (1ULL << 50U))},
       }) {
    CAPTURE(row.text);
    const auto size = ByteSize::parse(row.text);
    REQUIRE(size);
    CHECK(size->bytes == row.bytes);
  }
}

TEST_CASE("byte size: refuses what is no size or too large") {
  for (const char* text :
       {"", " ", "k", "-1", "+1", "1.k", ".5k", "1.5", "1.5.5M", "12x", "1Mi2", "1e3", "0x10",
        "1 2", "18446744073709551616", "16384P", "1.1234567M", "\x1b[31m"}) {
    CAPTURE(text);
    const auto size = ByteSize::parse(text);
    REQUIRE_FALSE(size);
    CHECK(size.error().code() == ErrorCode::usage);
    CHECK(size.error().message().find('\x1b') == std::string::npos);
  }
}

TEST_CASE("byte size: is written with at most one decimal") {
  struct Row {
    std::uint64_t bytes;
    const char* text;
  };
  for (const Row& row : {
           Row{0, "0 B"},
           Row{1023, "1023 B"},
           Row{1024, "1.0 KiB"},
           Row{1536, "1.5 KiB"},
           Row{(1ULL << 20U) - 1, "1.0 MiB"},
           Row{3ULL << 29U, "1.5 GiB"},
           Row{std::numeric_limits<std::uint64_t>::max(), "16384.0 PiB"},
       }) {
    CHECK(ByteSize{row.bytes}.to_string() == row.text);
  }
}

// SPDX-License-Identifier: MIT
#include "env/sandbox/storage.hpp"

#include <doctest/doctest.h>

using namespace devenv::sandbox;
using devenv::ErrorCode;

TEST_CASE("storage driver: names can be read back") {
  for (const StorageDriver driver :
       {StorageDriver::overlay, StorageDriver::fuse_overlayfs, StorageDriver::copy}) {
    const auto parsed = parse_storage_preference(to_string(driver));
    REQUIRE(parsed);
    CHECK(*parsed == driver);
  }
  CHECK(to_string(StorageDriver::overlay) == "overlay");
  CHECK(to_string(StorageDriver::fuse_overlayfs) == "fuse-overlayfs");
  CHECK(to_string(StorageDriver::copy) == "copy");
}

TEST_CASE("storage preference: auto leaves the choice, anything else is a usage error") {
  const auto automatic = parse_storage_preference("auto");
  REQUIRE(automatic);
  CHECK_FALSE(automatic->has_value());
  for (const char* text : {"", "Overlay", "overlay ", "fuse", "vfs", "\x1b[2J"}) {
    CAPTURE(text);
    const auto parsed = parse_storage_preference(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code() == ErrorCode::usage);
    CHECK(parsed.error().hint() == "choose one of auto, overlay, fuse-overlayfs, copy");
    CHECK(parsed.error().message().find('\x1b') == std::string::npos);
  }
}

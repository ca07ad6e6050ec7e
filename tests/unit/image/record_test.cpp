// SPDX-License-Identifier: MIT
#include "env/image/record.hpp"

#include <doctest/doctest.h>

using devenv::Digest;
using devenv::ErrorCode;
using devenv::Json;
using devenv::image::ImageRecord;
using devenv::image::is_timestamp;

namespace {

ImageRecord record() {
  return {.reference = "docker.io/library/debian:13",
          .manifest_digest = Digest::from_bytes(std::string(32, 'm')),
          .config_digest = Digest::from_bytes(std::string(32, 'c')),
          .layers = {Digest::from_bytes(std::string(32, '1')),
                     Digest::from_bytes(std::string(32, '2'))},
          .architecture = "amd64",
          .environment = {"PATH=/usr/bin"},
          .size_bytes = 123'456'789'012,
          .created_at = "2026-01-02T03:04:05Z",
          .pulled_at = "2026-11-22T03:00:00Z"};
}

}  // namespace

TEST_CASE("record: is read as it was written") {
  const auto read = ImageRecord::from_json(record().to_json());
  REQUIRE(read);
  CHECK(*read == record());
  const auto parsed = devenv::json::parse(devenv::json::dump(record().to_json()));
  REQUIRE(parsed);
  CHECK(ImageRecord::from_json(*parsed) == record());
}

TEST_CASE("record: every member is needed and has its type") {
  const Json whole = record().to_json();
  for (const auto& member : whole.items()) {
    const std::string& key = member.key();
    Json damaged = whole;
    damaged.erase(key);
    CAPTURE(key);
    auto read = ImageRecord::from_json(damaged);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::integrity);
    CHECK(read.error().message().find(key) != std::string::npos);
    damaged[key] = Json::object();
    CHECK_FALSE(ImageRecord::from_json(damaged));
  }
  Json empty = whole;
  empty["reference"] = "";
  CHECK_FALSE(ImageRecord::from_json(empty));
  CHECK_FALSE(ImageRecord::from_json(Json(1)));
}

TEST_CASE("record: timestamps") {
  CHECK(is_timestamp(devenv::image::current_timestamp()));
  CHECK(devenv::image::current_timestamp().size() == 20);
  CHECK(devenv::image::timestamp(0) == "1970-01-01T00:00:00Z");
  CHECK(devenv::image::timestamp(UINT64_MAX) == "9999-12-31T23:59:59Z");
  for (const char* good : {"2026-11-22T03:00:00Z", "2026-11-22T03:00:00.5Z",
                           "2026-11-22T03:00:00.123456789+02:00", "2026-11-22T03:00:00-11:30"}) {
    CHECK(is_timestamp(good));
  }
  for (const char* bad :
       {"", "2026-11-22", "2026-11-22T03:00:00", "2026-11-22 03:00:00Z", "2026-11-22T03:00:00.Z",
        "2026-11-22T03:00:00.5", "2026-11-22T03:00:00z", "2026-11-22T03:00:00Zx",
        "2026-11-22T03:00:00+0200", "x026-11-22T03:00:00Z"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_timestamp(bad));
  }
}

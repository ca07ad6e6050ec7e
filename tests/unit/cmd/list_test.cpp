// SPDX-License-Identifier: MIT
#include "cmd/list.hpp"

#include <doctest/doctest.h>

#include "cmd/doctor.hpp"
#include "cmd/image.hpp"

namespace devenv::cmd {
namespace {

std::vector<ListEntry> entries() {
  return {
      ListEntry{.name = "box",
                .status = EnvironmentStatus::damaged,
                .damage = Error(ErrorCode::integrity, "state.json is empty")},
      ListEntry{.name = "fedora",
                .status = EnvironmentStatus::running,
                .spec = instance::Spec{.image = "quay.io/fedora/fedora:43",
                                       .profile = "fedora",
                                       .created_at = "2026-11-22T03:04:05Z"},
                .storage = sandbox::StorageDriver::overlay,
                .pid = 4711},
      ListEntry{.name = "web",
                .spec = instance::Spec{.image = "./root\x1b[2J.tar",
                                       .created_at = "2026-11-22T03:04:05Z"},
                .storage = sandbox::StorageDriver::fuse_overlayfs},
  };
}

TEST_CASE("list: the table is aligned and safe for a terminal") {
  CHECK(list_table(entries(), Style(false)) ==
        "NAME    STATUS   STORAGE         CREATED           IMAGE\n"
        "box     damaged  -               -                 -\n"
        "fedora  running  overlay         2026-11-22 03:04  quay.io/fedora/fedora:43\n"
        "web     stopped  fuse-overlayfs  2026-11-22 03:04  ./root\\x1b[2J.tar\n");
  CHECK(list_table({}, Style(false)) == "NAME  STATUS  STORAGE  CREATED  IMAGE\n");
}

TEST_CASE("list: the document has everything, and null for what is unknown") {
  CHECK(json::dump(list_document(entries())) == R"({
  "schema": 1,
  "environments": [
    {
      "name": "box",
      "status": "damaged",
      "image": null,
      "created_at": null,
      "profile": null,
      "storage": null,
      "pid": null,
      "error": {
        "code": "integrity",
        "message": "state.json is empty",
        "causes": [],
        "hint": ""
      }
    },
    {
      "name": "fedora",
      "status": "running",
      "image": "quay.io/fedora/fedora:43",
      "created_at": "2026-11-22T03:04:05Z",
      "profile": "fedora",
      "storage": "overlay",
      "pid": 4711,
      "error": null
    },
    {
      "name": "web",
      "status": "stopped",
      "image": "./root\u001b[2J.tar",
      "created_at": "2026-11-22T03:04:05Z",
      "profile": null,
      "storage": "fuse-overlayfs",
      "pid": null,
      "error": null
    }
  ]
})");
  CHECK(json::dump(list_document({}), -1) == R"({"schema":1,"environments":[]})");
}

TEST_CASE("image list: digests are short for people and full in the document") {
  const auto digest = Digest::parse("sha256:" + std::string(64, 'a'));
  REQUIRE(digest.has_value());
  const image::ImageRecord record{.reference = "docker.io/library/debian:13",
                                  .manifest_digest = *digest,
                                  .config_digest = *digest,
                                  .architecture = "amd64",
                                  .size_bytes = 1536,
                                  .pulled_at = "2026-11-22T03:04:05Z"};
  CHECK(image_table({record}, Style(false)) ==
        "IMAGE                        DIGEST        SIZE     CREATED  PULLED\n"
        "docker.io/library/debian:13  aaaaaaaaaaaa  1.5 KiB  -        2026-11-22 03:04\n");
  const Json document = image_document(record);
  CHECK(document["manifest_digest"] == digest->string());
  CHECK(document["created_at"].is_null());
}

TEST_CASE("doctor: every finding has a line, and a hint what to type") {
  const std::vector<doctor::Finding> findings = {
      {.id = "kernel", .title = "kernel", .detail = "6.18"},
      {.id = "ids",
       .title = "subordinate ids",
       .status = doctor::Status::fail,
       .detail = "none",
       .hint = "sudo usermod ...\nthen log in again"},
  };
  CHECK(doctor_text(findings, Style(false)) ==
        "pass  kernel: 6.18\n"
        "FAIL  subordinate ids: none\n"
        "      hint: sudo usermod ...\n"
        "            then log in again\n");
  CHECK(json::dump(doctor_document(findings)["checks"][0], -1) ==
        R"({"id":"kernel","title":"kernel","status":"pass","detail":"6.18","hint":null})");
}

}  // namespace
}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "env/instance/environment.hpp"

#include <doctest/doctest.h>

namespace devenv::instance {
namespace {

const std::string kHex(64, 'a');

State sample_state() {
  return State{.image_reference = "docker.io/library/debian:13",
               .manifest_digest = *Digest::parse("sha256:" + kHex),
               .layers = {*Digest::parse("sha256:" + std::string(64, 'b'))},
               .storage = sandbox::StorageDriver::fuse_overlayfs,
               .id_map = "uid 0:100000:1000",
               .image_environment = {"PATH=/bin", "A=b=c"}};
}

}  // namespace

TEST_CASE("spec: survives a round trip") {
  const Spec spec{.image = "./rootfs.tar.xz",
                  .profile = "debian",
                  .storage = sandbox::StorageDriver::copy,
                  .created_at = "2026-11-22T03:00:00Z",
                  .host_commands = HostCommands::ask};
  const auto read = Spec::from_json(spec.to_json());
  REQUIRE(read);
  CHECK(read->image == spec.image);
  CHECK(read->profile == spec.profile);
  CHECK(read->storage == spec.storage);
  CHECK(read->created_at == spec.created_at);
  CHECK(read->host_commands == spec.host_commands);
}

TEST_CASE("spec: host commands are allowed unless it says otherwise, and never by mistake") {
  Json json = Spec{.image = "x"}.to_json();
  json.erase("host_commands");
  const auto read = Spec::from_json(json);
  REQUIRE(read);
  CHECK(read->host_commands == HostCommands::allow);
  json["host_commands"] = "denied";
  CHECK_FALSE(Spec::from_json(json));
}

TEST_CASE("state: survives a round trip") {
  const auto read = State::from_json(sample_state().to_json());
  REQUIRE(read);
  CHECK(read->image_reference == "docker.io/library/debian:13");
  CHECK(read->layers == sample_state().layers);
  CHECK(read->storage == sandbox::StorageDriver::fuse_overlayfs);
  CHECK(read->image_environment == sample_state().image_environment);
}

TEST_CASE("state: a newer version is unsupported, not misread") {
  Json json = sample_state().to_json();
  json["schema"] = 99;
  const auto read = State::from_json(json);
  REQUIRE_FALSE(read);
  CHECK(read.error().code() == ErrorCode::unsupported);
  CHECK(read.error().hint() == "update devenv");
}

TEST_CASE("state: every missing or mistyped member is an integrity error") {
  const Json whole = sample_state().to_json();
  for (const auto& member : whole.items()) {
    CAPTURE(member.key());
    Json json = whole;
    json.erase(member.key());
    const auto read = State::from_json(json);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::integrity);
  }
  Json json = whole;
  json["layers"] = Json::array({"../../etc"});
  CHECK_FALSE(State::from_json(json));
  json["layers"] = Json::array();
  CHECK_FALSE(State::from_json(json));
}

}  // namespace devenv::instance

// SPDX-License-Identifier: MIT
#include "env/image/config.hpp"

#include <doctest/doctest.h>

#include "env/base/json.hpp"

using devenv::ErrorCode;
using devenv::Json;
using devenv::image::parse_config;
using Strings = std::vector<std::string>;

namespace {

Json config() {
  return {{"architecture", "arm64"},
          {"variant", "v8"},
          {"os", "linux"},
          {"created", "2026-01-02T03:04:05.123456789Z"},
          {"config",
           {{"Env", {"PATH=/usr/bin", "EMPTY=", "A=b=c"}},
            {"Entrypoint", {"/init"}},
            {"Cmd", {"bash", "-l"}},
            {"WorkingDir", "/srv"},
            {"User", "1000:100"},
            {"Labels", {{"maintainer", "someone"}, {"empty", ""}}}}},
          {"rootfs",
           {{"type", "layers"},
            {"diff_ids", {"sha256:" + std::string(64, '1'), "sha256:" + std::string(64, '2')}}}}};
}

std::string reason(const Json& document, std::size_t layers = 2) {
  const auto parsed = parse_config(document.dump(), layers);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message() == "cannot use the image's config");
  REQUIRE(parsed.error().cause() != nullptr);
  return parsed.error().cause()->message();
}

}  // namespace

TEST_CASE("config: reads everything an environment needs") {
  const auto parsed = parse_config(config().dump(), 2);
  REQUIRE(parsed);
  CHECK(parsed->platform.string() == "linux/arm64/v8");
  CHECK(parsed->created_at == "2026-01-02T03:04:05.123456789Z");
  CHECK(parsed->environment == Strings{"PATH=/usr/bin", "EMPTY=", "A=b=c"});
  CHECK(parsed->entrypoint == Strings{"/init"});
  CHECK(parsed->command == Strings{"bash", "-l"});
  CHECK(parsed->working_directory == "/srv");
  CHECK(parsed->user == "1000:100");
  CHECK(parsed->labels.at("maintainer") == "someone");
  REQUIRE(parsed->diff_ids.size() == 2);
  CHECK(parsed->diff_ids[1].hex() == std::string(64, '2'));
}

TEST_CASE("config: what imports leave out or set to null is empty") {
  const Json bare{{"rootfs", config()["rootfs"]}};
  const auto parsed = parse_config(bare.dump(), 2);
  REQUIRE(parsed);
  CHECK(parsed->platform.os == "linux");
  CHECK(parsed->platform.architecture.empty());
  CHECK(parsed->environment.empty());
  CHECK(parsed->created_at.empty());

  Json nulls = config();
  for (const char* key : {"Env", "Entrypoint", "Cmd", "WorkingDir", "User", "Labels"}) {
    nulls["config"][key] = nullptr;
  }
  const auto without = parse_config(nulls.dump(), 2);
  REQUIRE(without);
  CHECK(without->command.empty());
  CHECK(without->labels.empty());
  nulls["config"] = nullptr;
  CHECK(parse_config(nulls.dump(), 2));
}

TEST_CASE("config: odd but harmless values are dropped") {
  Json odd = config();
  odd["created"] = "0001-01-01T00:00:00Z";
  odd["config"]["Env"] = {"NOVALUE", "=x", "", "OK=1"};
  const auto parsed = parse_config(odd.dump(), 2);
  REQUIRE(parsed);
  CHECK(parsed->created_at.empty());
  CHECK(parsed->environment == Strings{"OK=1"});
  odd["created"] = "yesterday\x1b";
  CHECK(parse_config(odd.dump(), 2)->created_at.empty());
}

TEST_CASE("config: there is one diff id for each layer") {
  CHECK(reason(config(), 1) == "it names 2 layers, but the manifest has 1");
  CHECK(reason(config(), 3) == "it names 2 layers, but the manifest has 3");
  Json broken = config();
  broken["rootfs"]["diff_ids"][0] = "sha256:../x";
  CHECK(reason(broken).find("is not 64 lower-case hex digits") != std::string::npos);
  broken["rootfs"]["type"] = "else";
  CHECK(reason(broken) == "its file system is of type 'else', not of layers");
  broken.erase("rootfs");
  CHECK(reason(broken) == "member 'rootfs' is missing or not an object");
}

TEST_CASE("config: images for other systems are refused") {
  Json windows = config();
  windows["os"] = "windows";
  const auto parsed = parse_config(windows.dump(), 2);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code() == ErrorCode::unsupported);
  CHECK(reason(windows) == "the image is for the operating system 'windows'");
}

TEST_CASE("config: wrong types and NUL bytes are refused") {
  Json broken = config();
  broken["config"]["Env"] = {std::string("A=b\0c", 5)};
  CHECK(reason(broken) == "member 'Env' has a NUL byte in it");
  broken = config();
  broken["config"]["WorkingDir"] = std::string("/\0", 2);
  CHECK(reason(broken) == "member 'WorkingDir' has a NUL byte in it");
  broken = config();
  broken["config"]["Labels"] = {{"a\x1b", 1}};
  CHECK(reason(broken) == "label 'a\\x1b' is not a string");
  broken = config();
  broken["config"]["Cmd"] = "bash";
  CHECK(reason(broken) == "member 'Cmd' is missing or not an array");
  broken = config();
  broken["config"] = Json::array();
  CHECK(reason(broken) == "member 'config' is missing or not an object");
  for (const char* text : {"", "[]", "{", "7"}) {
    const auto parsed = parse_config(text, 0);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code() == ErrorCode::integrity);
  }
}

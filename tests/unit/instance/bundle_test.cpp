// SPDX-License-Identifier: MIT
#include "env/instance/bundle.hpp"

#include <doctest/doctest.h>

using namespace devenv;
using namespace devenv::instance;

namespace {

constexpr const char* kPasswd = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/srv:/bin/false\n";
constexpr const char* kGroup = "root:x:0:\nstaff:x:50:web\n";

}  // namespace

TEST_CASE("bundle: the user of an image is found in its own files") {
  const struct {
    const char* user;
    std::uint32_t uid;
    std::uint32_t gid;
  } examples[] = {{"", 0, 0},          {"root", 0, 0},        {"web", 33, 34},   {"1000", 1000, 0},
                  {"1000:7", 1000, 7}, {"web:staff", 33, 50}, {":staff", 0, 50}, {"33", 33, 34}};
  for (const auto& example : examples) {
    CAPTURE(example.user);
    const auto found = find_bundle_user(example.user, kPasswd, kGroup);
    REQUIRE(found.has_value());
    CHECK(found->uid == example.uid);
    CHECK(found->gid == example.gid);
  }
  for (const char* user : {"nobody", "web:nobody", "4294967295", "99999999999", "web:"}) {
    CAPTURE(user);
    CHECK(find_bundle_user(user, kPasswd, kGroup).error().code() == ErrorCode::not_found);
  }
}

TEST_CASE("bundle: config.json says what the image says, and the ids of the map") {
  const image::RunConfig config{.environment = {"A=b"},
                                .entrypoint = {"/start"},
                                .command = {"-x", "y z"},
                                .working_directory = "/srv",
                                .user = "web"};
  const sandbox::IdMap map{.kind = sandbox::IdMapKind::keep_id,
                           .uids = {{0, 100000, 1000}, {1000, 1000, 1}},
                           .gids = {{0, 200000, 65536}}};
  const Json json = bundle_config(config, {.uid = 33, .gid = 34}, map, /*terminal=*/true);
  CHECK(json["process"]["args"] == Json::array({"/start", "-x", "y z"}));
  CHECK(json["process"]["env"] == Json::array({"A=b"}));
  CHECK(json["process"]["cwd"] == "/srv");
  CHECK(json["process"]["terminal"] == true);
  CHECK(json["process"]["user"] == Json{{"uid", 33}, {"gid", 34}});
  CHECK(json["linux"]["uidMappings"] ==
        Json::array({{{"containerID", 0}, {"hostID", 100000}, {"size", 1000}},
                     {{"containerID", 1000}, {"hostID", 1000}, {"size", 1}}}));
  CHECK(json["linux"]["gidMappings"].size() == 1);
  const Json bare = bundle_config({}, {}, map, /*terminal=*/false);
  CHECK(bare["process"]["args"] == Json::array({"/bin/sh"}));
  CHECK(bare["process"]["cwd"] == "/");
}

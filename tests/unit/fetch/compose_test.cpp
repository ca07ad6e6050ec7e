// SPDX-License-Identifier: MIT
#include "env/image/fetch/compose.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/image/codec/hash.hpp"

namespace devenv::image::fetch {
namespace {

Digest digest(char byte) {
  return Digest::from_bytes(std::string(32, byte));
}

/// A base image of one layer, as docker pushes them.
StoredImage base(const std::string& history = "", const std::string& execution = "null") {
  Document config{digest('c'), ""};
  config.bytes = format(
      R"({{"architecture":"amd64","os":"linux","created":"2020-01-01T00:00:00Z","config":{},)"
      R"("rootfs":{{"type":"layers","diff_ids":["{}"]}}{}}})",
      execution, digest('1').string(), history);
  config.digest = sha256(config.bytes);
  Document manifest{digest('m'), ""};
  manifest.bytes = format(
      R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":)"
      R"("application/vnd.docker.container.image.v1+json","digest":"{}","size":{}}},"layers":)"
      R"([{{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"{}",)"
      R"("size":7}}]}})",
      kDockerManifestType, config.digest.string(), config.bytes.size(), digest('b').string());
  manifest.digest = sha256(manifest.bytes);
  const auto parsed = parse_manifest(manifest.bytes, "");
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().to_line()));
  const Manifest& described = std::get<Manifest>(*parsed);
  auto plan = plan_image("example.com/base:1", manifest, described.layers, config);
  REQUIRE(plan);
  return StoredImage{described, std::move(*plan)};
}

constexpr std::uint64_t kNewest = 1'600'000'000;

SealedLayer on(const Digest& parent, char diff) {
  return {.diff_id = digest(diff), .chain_id = chain_id(parent, digest(diff)), .size_bytes = 0};
}

NewImage image(std::vector<SealedLayer> layers, const std::string& origin = "example.com/base:1") {
  return {.base_manifest = digest('m'),
          .base_reference = origin,
          .layers = std::move(layers),
          .reference = *Reference::parse("example.com/new:1"),
          .labels = {}};
}

Json config_of(const StoredImage& composed) {
  const auto json = json::parse(composed.plan.config.bytes);
  REQUIRE(json);
  return *json;
}

Json manifest_of(const StoredImage& composed) {
  const auto json = json::parse(composed.plan.manifest.bytes);
  REQUIRE(json);
  return *json;
}

TEST_CASE("compose: layers stand on those of the base, in an OCI manifest") {
  const SealedLayer layer = on(digest('1'), '2');
  const auto composed = compose_image(base(), image({layer}), {512}, kNewest);
  REQUIRE(composed);
  CHECK(composed->plan.reference == "example.com/new:1");
  REQUIRE(composed->plan.layers.size() == 2);
  CHECK(composed->plan.layers[1].chain_id == layer.chain_id);
  const Json manifest = manifest_of(*composed);
  CHECK(manifest["mediaType"] == std::string(kOciManifestType));
  CHECK(manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json");
  CHECK(manifest["layers"][0] == Json{{"mediaType", "application/vnd.oci.image.layer.v1.tar+gzip"},
                                      {"digest", digest('b').string()},
                                      {"size", 7}});
  CHECK(manifest["layers"][1] == Json{{"mediaType", "application/vnd.oci.image.layer.v1.tar"},
                                      {"digest", digest('2').string()},
                                      {"size", 512}});
  CHECK(base_name(composed->plan.manifest) == "example.com/base:1");
  const Json config = config_of(*composed);
  CHECK(config["architecture"] == "amd64");
  CHECK(config["rootfs"]["diff_ids"] == Json{digest('1').string(), digest('2').string()});
  CHECK(config["created"] == "2020-09-13T12:26:40Z");
  CHECK(config["history"].size() == 2);
}

TEST_CASE("compose: with labels only it was created when the base was") {
  NewImage labelled = image({});
  labelled.labels = {{"a", "b"}};
  const auto composed = compose_image(base(), labelled, {}, 0);
  REQUIRE(composed);
  CHECK(config_of(*composed)["created"] == "2020-01-01T00:00:00Z");
}

TEST_CASE("compose: layers of another base are refused") {
  const auto composed = compose_image(base(), image({on(digest('x'), '2')}), {512}, kNewest);
  REQUIRE_FALSE(composed);
  CHECK(composed.error().code() == ErrorCode::integrity);
}

TEST_CASE("compose: the history has an entry for each layer, whatever the base had") {
  const SealedLayer layer = on(digest('1'), '2');
  const auto good = compose_image(
      base(R"(,"history":[{"created_by":"a"},{"created_by":"b","empty_layer":true}])"),
      image({layer}), {512}, kNewest);
  REQUIRE(good);
  const Json history = config_of(*good)["history"];
  REQUIRE(history.size() == 3);
  CHECK(history[2]["created_by"] == "devenv");
  const auto bad = compose_image(base(R"(,"history":[{},{}])"), image({layer}), {512}, kNewest);
  REQUIRE(bad);
  CHECK(json::dump(config_of(*bad)["history"], -1)
            .starts_with(R"([{"created":"2020-09-13T12:26:40Z","created_by":"unknown"},)"));
  CHECK(config_of(*bad)["history"].size() == 2);
  CHECK(config_of(*compose_image(base(), image({layer}), {512}, kNewest))["history"].size() == 2);
  const Document single = make_config("amd64", layer.diff_id);
  CHECK(json::parse(single.bytes).value()["history"].size() == 1);
}

TEST_CASE("compose: labels are added to those there are") {
  NewImage labelled = image({on(digest('1'), '2')});
  labelled.labels = {{"a", "new"}, {"b", "2"}};
  const auto composed = compose_image(
      base("", R"({"Env":["X=y"],"Labels":{"a":"old","z":"kept"}})"), labelled, {1}, kNewest);
  REQUIRE(composed);
  CHECK(config_of(*composed)["config"] ==
        Json{{"Env", {"X=y"}}, {"Labels", {{"a", "new"}, {"z", "kept"}, {"b", "2"}}}});
  const auto fresh = compose_image(base(), labelled, {1}, kNewest);
  REQUIRE(fresh);
  CHECK(config_of(*fresh)["config"]["Labels"] == Json{{"a", "new"}, {"b", "2"}});
}

TEST_CASE("compose: a whole tree takes the place of the base's layers") {
  NewImage whole = image({{.diff_id = digest('9'), .chain_id = digest('9'), .size_bytes = 0}});
  whole.base_layers = BaseLayers::replaced;
  const auto composed = compose_image(base(R"(,"history":[{}])"), whole, {1}, kNewest);
  REQUIRE(composed);
  REQUIRE(composed->plan.layers.size() == 1);
  CHECK(composed->plan.layers[0].chain_id == digest('9'));
  CHECK(config_of(*composed)["history"].size() == 1);
  CHECK_FALSE(base_name(composed->plan.manifest));
}

TEST_CASE("compose: an image that is in no registry is no place to copy layers from") {
  const auto composed =
      compose_image(base(), image({on(digest('1'), '2')}, "localhost/base:1"), {1}, kNewest);
  REQUIRE(composed);
  CHECK_FALSE(base_name(composed->plan.manifest));
}

TEST_CASE("compose: other blobs and diff ids in the same places") {
  const auto composed = compose_image(base(), image({on(digest('1'), '2')}), {512}, kNewest);
  REQUIRE(composed);
  std::vector<ImageLayer> layers = layers_of(*composed);
  layers[1].blob = {"application/vnd.oci.image.layer.v1.tar+gzip", digest('p'), 99};
  const auto packed = with_layers(composed->plan, layers);
  REQUIRE(packed);
  CHECK(packed->config.digest == composed->plan.config.digest);
  CHECK(packed->layers[1].digest == digest('p'));
  CHECK(base_name(packed->manifest) == "example.com/base:1");
  layers[0].diff_id = digest('0');
  const auto other = with_layers(composed->plan, layers);
  REQUIRE(other);
  CHECK(other->parsed_config.diff_ids == std::vector<Digest>{digest('0'), digest('2')});
}

}  // namespace
}  // namespace devenv::image::fetch

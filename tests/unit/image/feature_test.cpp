// SPDX-License-Identifier: MIT
#include "env/image/feature.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"

namespace devenv::image {
namespace {

constexpr const char* kEverything = R"({
  // A feature with everything that matters.
  "id": "node", "version": "1.2.3", "name": "Node",
  "options": {
    "version": {"type": "string", "enum": ["20", "lts"], "default": "lts"},
    "yarn": {"type": "boolean", "default": true},
    "bare": {"type": "boolean"}, "empty": {"type": "string"},
  },
  "containerEnv": {"PATH": "/opt/node/bin:${PATH}", "A": "1"},
  "installsAfter": ["ghcr.io/a/common"],
  "dependsOn": {"ghcr.io/a/git:1": {"ppa": true}, "ghcr.io/a/b": "3"},
  "legacyIds": ["nodejs"], "deprecated": true,
  "privileged": false, "init": true, "mounts": [], "capAdd": ["SYS_PTRACE"], "entrypoint": "/run",
  "customizations": {"vscode": {}}
})";

std::string manifest(std::string_view config, std::string_view layers) {
  return format(R"({{"schemaVersion": 2, "config": {{"mediaType": "{}", "digest": "x", "size": 0}},
                    "layers": [{}]}})",
                config, layers);
}

std::string layer(std::string_view type, std::string_view size) {
  return format(R"({{"mediaType": "{}", "digest": "sha256:{}", "size": {}}})", type,
                std::string(64, 'a'), size);
}

}  // namespace

TEST_CASE("feature: what matters of a devcontainer-feature.json") {
  const auto feature = parse_feature(kEverything);
  REQUIRE(feature);
  CHECK_EQ(feature->id, "node");
  CHECK(feature->options == std::vector<FeatureOption>{{"version", "lts", {"20", "lts"}},
                                                       {"yarn", "true", {}},
                                                       {"bare", "false", {}},
                                                       {"empty", "", {}}});
  CHECK_EQ(feature->environment[0].second, "/opt/node/bin:${PATH}");
  CHECK(feature->depends_on ==
        std::vector<FeatureDependency>{{"ghcr.io/a/git:1", {{"ppa", "true"}}},
                                       {"ghcr.io/a/b", {{"version", "3"}}}});
  CHECK(feature->left_out == std::vector<std::string>{"init", "capAdd", "entrypoint"});
  CHECK(feature->deprecated);
}

TEST_CASE("feature: what the store has of it is read again") {
  const Digest digest = *Digest::parse("sha256:" + std::string(64, 'b'));
  const StoredFeature stored{
      digest, *parse_feature(kEverything), {{"install.sh", digest, true}, {"a/b", digest, false}}};
  const auto read = StoredFeature::from_json(stored.to_json());
  REQUIRE(read);
  CHECK(*read == stored);
  for (const char* path : {"../x", "/x", "a/../b", "", "a//b", "."}) {
    CAPTURE(path);
    Json document = stored.to_json();
    document["files"][0]["path"] = path;
    CHECK_FALSE(StoredFeature::from_json(document));
  }
}

TEST_CASE("feature: what is none is refused, naming what is wrong") {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& each : {
           Case{"", ""},
           Case{"[]", "it is no object"},
           Case{"{}", "'id'"},
           Case{R"({"id": ""})", "'id' is empty"},
           Case{R"({"id": "a\nb"})", "'id' is too long, or no plain text"},
           Case{R"({"id": "a", "options": []})", "'options' is no object"},
           Case{R"({"id": "a", "options": {"x": 1}})", "'x' is no object"},
           Case{R"({"id": "a", "options": {"x": {"default": [1]}}})", "'x' is neither"},
           Case{R"({"id": "a", "containerEnv": {"A B": "x"}})", "'A B' is no name of a variable"},
           Case{R"({"id": "a", "containerEnv": {"A": "x\ny"}})", "'A' is too long"},
           Case{R"({"id": "a", "dependsOn": {"x": 1}})", "'x' has no options"},
           Case{R"({"id": "a", "installsAfter": "x"})", "installsAfter"},
       }) {
    CAPTURE(each.text);
    const auto feature = parse_feature(each.text);
    REQUIRE_FALSE(feature);
    CHECK(feature.error().code() == ErrorCode::integrity);
    CHECK_MESSAGE(feature.error().to_line().find(each.message) != std::string::npos,
                  feature.error().to_line());
  }
}

TEST_CASE("feature: its manifest has the two media types, one layer, and a size within bounds") {
  const std::string good = layer(kFeatureLayerType, "10");
  const auto blob = parse_feature_manifest(manifest(kFeatureConfigType, good));
  REQUIRE(blob);
  CHECK_EQ(blob->size_bytes, 10);
  for (const std::string& text :
       {manifest("application/vnd.oci.image.config.v1+json", good),
        manifest(kFeatureConfigType, ""), manifest(kFeatureConfigType, good + "," + good),
        manifest(kFeatureConfigType, layer("application/vnd.oci.image.layer.v1.tar", "10")),
        manifest(kFeatureConfigType, layer(kFeatureLayerType, "33554433")),
        manifest(kFeatureConfigType, layer(kFeatureLayerType, "-1")), std::string("{}"),
        std::string("")}) {
    CAPTURE(text);
    CHECK_FALSE(parse_feature_manifest(text));
  }
}

}  // namespace devenv::image

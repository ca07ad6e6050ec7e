// SPDX-License-Identifier: MIT
#include "env/image/manifest.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/base/json.hpp"

using devenv::ErrorCode;
using devenv::format;
using devenv::Json;
using namespace devenv::image;

namespace {

std::string digest(char digit) {
  return "sha256:" + std::string(64, digit);
}

Json descriptor(std::string_view type, char digit, std::uint64_t size) {
  return {{"mediaType", type}, {"size", size}, {"digest", digest(digit)}};
}

Json docker_manifest() {
  return {{"schemaVersion", 2},
          {"mediaType", kDockerManifestType},
          {"config", descriptor("application/vnd.docker.container.image.v1+json", 'c', 1500)},
          {"layers",
           {descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", '1', 1000),
            descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", '2', 2000)}}};
}

Json oci_manifest() {
  return {{"schemaVersion", 2},
          {"config", descriptor("application/vnd.oci.image.config.v1+json", 'c', 1500)},
          {"layers", {descriptor("application/vnd.oci.image.layer.v1.tar+zstd", '1', 1000)}}};
}

Json entry(char digit, std::string_view os, std::string_view architecture) {
  Json json = descriptor(kOciManifestType, digit, 500);
  json["platform"] = {{"os", os}, {"architecture", architecture}};
  return json;
}

Json oci_index() {
  return {{"schemaVersion", 2},
          {"mediaType", kOciIndexType},
          {"manifests", {entry('a', "linux", "amd64"), entry('b', "linux", "arm64")}}};
}

/// The code and the innermost message of a refusal.
struct Refusal {
  ErrorCode code;
  std::string reason;
};

Refusal refusal(const Json& document, std::string_view content_type = "") {
  const auto parsed = parse_manifest(document.dump(), content_type);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message() == "cannot use the image's manifest");
  const devenv::Error* innermost = &parsed.error();
  while (innermost->cause() != nullptr) {
    innermost = innermost->cause();
  }
  return {parsed.error().code(), innermost->message()};
}

}  // namespace

TEST_CASE("manifest: reads a Docker manifest") {
  const auto parsed = parse_manifest(docker_manifest().dump(), kDockerManifestType);
  REQUIRE(parsed);
  REQUIRE(std::holds_alternative<Manifest>(*parsed));
  const auto& manifest = std::get<Manifest>(*parsed);
  CHECK(manifest.media_type == kDockerManifestType);
  CHECK(manifest.config.digest.string() == digest('c'));
  CHECK(manifest.config.size_bytes == 1500);
  REQUIRE(manifest.layers.size() == 2);
  CHECK(manifest.layers[0].digest.string() == digest('1'));
  CHECK(manifest.layers[1].size_bytes == 2000);
  CHECK(manifest.download_bytes() == 3000);
}

TEST_CASE("manifest: reads an OCI manifest with and without its own media type") {
  for (const std::string_view content_type :
       {std::string_view(""), kOciManifestType, std::string_view("application/json"),
        std::string_view("text/plain; charset=utf-8"),
        std::string_view("Application/VND.oci.image.manifest.v1+json ; charset=utf-8")}) {
    CAPTURE(content_type);
    const auto parsed = parse_manifest(oci_manifest().dump(), content_type);
    REQUIRE(parsed);
    CHECK(std::get<Manifest>(*parsed).media_type == kOciManifestType);
  }
  Json stated = oci_manifest();
  stated["mediaType"] = kOciManifestType;
  CHECK(parse_manifest(stated.dump(), ""));
}

TEST_CASE("manifest: reads indexes of both kinds") {
  const auto parsed = parse_manifest(oci_index().dump(), kOciIndexType);
  REQUIRE(parsed);
  REQUIRE(std::holds_alternative<Index>(*parsed));
  const auto& index = std::get<Index>(*parsed);
  REQUIRE(index.entries.size() == 2);
  CHECK(index.entries[1].platform->string() == "linux/arm64");
  CHECK(index.entries[1].is_image);
  CHECK_FALSE(index.entries[1].is_index());

  Json list = oci_index();
  list["mediaType"] = kDockerListType;
  list["manifests"][0]["mediaType"] = kDockerManifestType;
  list["manifests"][1]["platform"]["variant"] = "v8";
  const auto docker = parse_manifest(list.dump(), kDockerListType);
  REQUIRE(docker);
  CHECK(std::get<Index>(*docker).media_type == kDockerListType);
  CHECK(std::get<Index>(*docker).entries[1].platform->string() == "linux/arm64/v8");

  // An OCI layout's index.json: no media type, entries without a platform.
  const Json layout{{"schemaVersion", 2}, {"manifests", {descriptor(kOciManifestType, 'a', 500)}}};
  const auto file = parse_manifest(layout.dump(), "");
  REQUIRE(file);
  CHECK_FALSE(std::get<Index>(*file).entries[0].platform);
}

TEST_CASE("manifest: attestations, signatures and other artifacts of an index are no images") {
  Json index = oci_index();
  Json attestation = entry('c', "unknown", "unknown");
  Json referring = entry('d', "linux", "amd64");
  referring["annotations"] = {{"vnd.docker.reference.type", "attestation-manifest"}};
  Json artifact = entry('e', "linux", "amd64");
  artifact["artifactType"] = "application/spdx+json";
  Json other = descriptor("application/vnd.example.thing", 'f', 5);
  Json nested = descriptor(kOciIndexType, '0', 500);
  Json image = entry('1', "linux", "s390x");
  image["artifactType"] = "application/vnd.oci.image.config.v1+json";
  index["manifests"] = {attestation, referring, artifact, other, nested, image};
  const auto parsed = parse_manifest(index.dump(), "");
  REQUIRE(parsed);
  std::string images;
  for (const IndexEntry& each : std::get<Index>(*parsed).entries) {
    images += each.is_image ? 'y' : 'n';
  }
  CHECK(images == "nnnnyy");
  CHECK(std::get<Index>(*parsed).entries[4].is_index());
}

TEST_CASE("manifest: a document has one meaning only") {
  Json both = oci_manifest();
  both["manifests"] = oci_index()["manifests"];
  CHECK(refusal(both).code == ErrorCode::integrity);
  CHECK(refusal(both).reason == "it claims to be an image and an index of images at once");
  for (const std::string_view type : {kOciManifestType, kOciIndexType}) {
    both["mediaType"] = type;
    CHECK(refusal(both, type).reason == "it claims to be an image and an index of images at once");
  }

  const Refusal contradiction = refusal(docker_manifest(), kOciManifestType);
  CHECK(contradiction.code == ErrorCode::integrity);
  CHECK(contradiction.reason ==
        format("the registry says that it is of type '{}', but it says itself that it is of type "
               "'{}'",
               kOciManifestType, kDockerManifestType));

  CHECK(refusal(oci_manifest(), kOciIndexType).reason ==
        format("its contents are not those of a document of type '{}'", kOciIndexType));
  Json list = oci_index();
  list.erase("mediaType");
  CHECK(refusal(list, kDockerManifestType).reason ==
        format("its contents are not those of a document of type '{}'", kDockerManifestType));
}

TEST_CASE("manifest: schema 1 is refused with a way out") {
  const Json schema_1{{"schemaVersion", 1}, {"name", "x"}, {"fsLayers", Json::array()}};
  for (const std::string_view type :
       {std::string_view(""), std::string_view("application/json"),
        std::string_view("application/vnd.docker.distribution.manifest.v1+prettyjws")}) {
    const auto parsed = parse_manifest(schema_1.dump(), type);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code() == ErrorCode::unsupported);
    CHECK(parsed.error().cause()->message().find("schema 1") != std::string::npos);
    CHECK(parsed.error().hint() == "push the image anew with a current tool, or use another tag");
  }
  Json disguised = docker_manifest();
  disguised["fsLayers"] = Json::array({1});
  CHECK(refusal(disguised, kDockerManifestType).code == ErrorCode::unsupported);
}

TEST_CASE("manifest: things that are no container images are refused politely") {
  Json chart = oci_manifest();
  chart["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json";
  CHECK(refusal(chart).code == ErrorCode::unsupported);
  CHECK(refusal(chart).reason ==
        "it is not a container image but an artifact of type "
        "'application/vnd.cncf.helm.config.v1+json'");

  Json other = oci_manifest();
  other["mediaType"] = "application/vnd.oci.artifact.manifest.v1+json";
  CHECK(refusal(other).reason ==
        "a document of type 'application/vnd.oci.artifact.manifest.v1+json' is not an image");
  CHECK(refusal(oci_manifest(), "application/vnd.example\x1b").reason ==
        "a document of type 'application/vnd.example\\x1b' is not an image");

  Json empty = oci_manifest();
  empty["layers"] = Json::array();
  CHECK(refusal(empty).reason == "the image has no layers, so there is nothing to run");
}

TEST_CASE("manifest: layers of types that cannot be unpacked are refused") {
  struct Row {
    const char* type;
    bool urls;
    const char* reason;  ///< "" if it is accepted
  };
  for (const Row& row : {
           Row{"application/vnd.oci.image.layer.v1.tar", false, ""},
           Row{"application/vnd.oci.image.layer.v1.tar+gzip", true, ""},  // the registry has it too
           Row{"application/vnd.docker.image.rootfs.diff.tar.zstd", false, ""},
           Row{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", false, ""},
           Row{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true,
               "it has to be fetched from another server than the registry, which devenv does not "
               "do"},
           Row{"application/vnd.oci.image.layer.v1.tar+gzip+encrypted", false, "it is encrypted"},
           Row{"application/vnd.oci.image.layer.v1.tar+lzma", false,
               "its type 'application/vnd.oci.image.layer.v1.tar+lzma' is not known"},
           Row{"", false, "its type '' is not known"},
       }) {
    CAPTURE(row.type);
    Json manifest = oci_manifest();
    manifest["layers"][0]["mediaType"] = row.type;
    if (row.urls) {
      manifest["layers"][0]["urls"] = {"https://example.com/layer"};
    }
    if (row.reason[0] == '\0') {
      CHECK(parse_manifest(manifest.dump(), ""));
    } else {
      CHECK(refusal(manifest).code == ErrorCode::unsupported);
      CHECK(refusal(manifest).reason == row.reason);
    }
  }
}

TEST_CASE("manifest: sizes and counts have limits") {
  const auto with_layers = [](std::size_t count) {
    Json manifest = oci_manifest();
    const Json layer = manifest["layers"][0];
    manifest["layers"] = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      manifest["layers"].push_back(layer);
    }
    return manifest;
  };
  CHECK(parse_manifest(with_layers(kMaxLayers).dump(), ""));
  CHECK(refusal(with_layers(kMaxLayers + 1)).reason ==
        "the image has 501 layers; at most 500 can be mounted");

  Json manifest = oci_manifest();
  manifest["layers"][0]["size"] = kMaxLayerBytes;
  CHECK(parse_manifest(manifest.dump(), ""));
  manifest["layers"][0]["size"] = kMaxLayerBytes + 1;
  CHECK(refusal(manifest).code == ErrorCode::integrity);
  for (const Json& size : {Json(-1), Json(1.5), Json("10"), Json(nullptr), Json(1e30)}) {
    manifest["layers"][0]["size"] = size;
    CHECK(refusal(manifest).reason ==
          "member 'size' is missing or not a number that is not negative");
  }
  Json config = oci_manifest();
  config["config"]["size"] = kMaxDocumentBytes + 1;
  CHECK(refusal(config).code == ErrorCode::integrity);
  CHECK_FALSE(parse_manifest(std::string(kMaxDocumentBytes + 1, ' '), ""));
}

TEST_CASE("manifest: digests that could leave the store are refused") {
  for (const char* text : {"", "sha256:../../etc/passwd", "sha512:00", "sha256:ABC"}) {
    Json manifest = oci_manifest();
    manifest["layers"][0]["digest"] = text;
    CHECK(refusal(manifest).code == ErrorCode::integrity);
  }
}

TEST_CASE("manifest: malformed documents are integrity errors") {
  for (const char* text :
       {"", "[]", "1", "null", "{}", R"({"schemaVersion": 2})", R"({"schemaVersion": "2"})",
        R"({"schemaVersion": 2, "mediaType": 5})", R"({"schemaVersion": 2, "manifests": {}})",
        R"({"schemaVersion": 2, "manifests": [1]})", R"({"schemaVersion": 2, "manifests": [{}]})",
        R"({"schemaVersion": 2, "schemaVersion": 2})",
        R"({"schemaVersion": 2, "config": 1, "layers": []})", "\x1f\x8b"}) {
    CAPTURE(text);
    const auto parsed = parse_manifest(text, "");
    REQUIRE_FALSE(parsed);
    CHECK((parsed.error().code() == ErrorCode::integrity ||
           parsed.error().code() == ErrorCode::unsupported));
  }
  CHECK(refusal({{"schemaVersion", 3}}).reason == "its schema version is 3, not 2");
}

TEST_CASE("manifest: all four types are asked for") {
  const std::string accept = accepted_manifest_types();
  for (const std::string_view type :
       {kDockerManifestType, kDockerListType, kOciManifestType, kOciIndexType}) {
    CHECK(accept.find(type) != std::string::npos);
  }
}

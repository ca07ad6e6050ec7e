// SPDX-License-Identifier: MIT
#include "env/image/manifest.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"

namespace devenv::image {
namespace {

constexpr std::array<std::string_view, 2> kManifestTypes = {kDockerManifestType, kOciManifestType};
constexpr std::array<std::string_view, 2> kIndexTypes = {kDockerListType, kOciIndexType};

constexpr std::array<std::string_view, 2> kSchema1Types = {
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws"};

/// Old builders left the config's type at its default; Docker takes these as images too.
constexpr std::array<std::string_view, 3> kConfigTypes = {
    "application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json",
    "application/octet-stream"};

constexpr std::array<std::string_view, 6> kLayerTypes = {
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd"};

/// Layers that may not be given away by just any registry (Windows). Some registries hold them all
/// the same; then they are ordinary layers.
constexpr std::array<std::string_view, 5> kForeignLayerTypes = {
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"};

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& known, std::string_view text) {
  return std::find(known.begin(), known.end(), text) != known.end();
}

bool has(const Json& document, std::string_view key) {
  return json::find(document, key) != nullptr;
}

Error schema_1() {
  return Error(ErrorCode::unsupported, "it is of Docker's schema 1, which was given up in 2017")
      .with_hint("push the image anew with a current tool, or use another tag");
}

/// The media type of a Content-Type header; "" for the general types that say nothing.
Result<std::string> media_type_of_header(std::string_view content_type) {
  std::string type = text::to_lower(text::trim(content_type.substr(0, content_type.find(';'))));
  if (is_one_of(kManifestTypes, type) || is_one_of(kIndexTypes, type)) {
    return type;
  }
  if (is_one_of(kSchema1Types, type)) {
    return fail(schema_1());
  }
  if (type.starts_with("application/vnd.")) {
    return fail(ErrorCode::unsupported,
                format("a document of type '{}' is not an image", text::sanitize(type)));
  }
  return std::string();
}

/// What the document itself says it is, or what its members make it; OCI lets mediaType be left
/// out.
Result<std::string> media_type_of_body(const Json& document) {
  if (const Json* stated = json::find(document, "mediaType")) {
    if (!stated->is_string()) {
      return fail(ErrorCode::integrity, "member 'mediaType' is not a string");
    }
    const auto type = stated->get<std::string>();
    if (is_one_of(kSchema1Types, type)) {
      return fail(schema_1());
    }
    if (!is_one_of(kManifestTypes, type) && !is_one_of(kIndexTypes, type)) {
      return fail(ErrorCode::unsupported,
                  format("a document of type '{}' is not an image", text::sanitize(type)));
    }
    return type;
  }
  return std::string();
}

Result<std::string> media_type_of(const Json& document, std::string_view content_type) {
  TRY_ASSIGN(const std::string header, media_type_of_header(content_type));
  if (!document.is_object()) {
    return fail(ErrorCode::integrity, "it is not a JSON object");
  }
  if (has(document, "fsLayers")) {
    return fail(schema_1());
  }
  TRY_ASSIGN(const std::uint64_t schema, json::get_uint(document, "schemaVersion"));
  if (schema == 1) {
    return fail(schema_1());
  }
  if (schema != 2) {
    return fail(ErrorCode::unsupported, format("its schema version is {}, not 2", schema));
  }
  TRY_ASSIGN(const std::string body, media_type_of_body(document));
  if (!header.empty() && !body.empty() && header != body) {
    return fail(ErrorCode::integrity,
                format("the registry says that it is of type '{}', but it says itself that it is "
                       "of type '{}'",
                       header, body));
  }
  const bool like_index = has(document, "manifests");
  const bool like_manifest = has(document, "layers") || has(document, "config");
  if (like_index && like_manifest) {
    // CVE-2021-41190: one reader would take the layers, another one the manifests.
    return fail(ErrorCode::integrity, "it claims to be an image and an index of images at once");
  }
  const std::string stated = body.empty() ? header : body;
  if (stated.empty()) {
    return std::string(like_index ? kOciIndexType : kOciManifestType);
  }
  if (is_one_of(kIndexTypes, stated) ? like_manifest : like_index) {
    return fail(ErrorCode::integrity,
                format("its contents are not those of a document of type '{}'", stated));
  }
  return stated;
}

Result<Descriptor> parse_descriptor(const Json& json, std::uint64_t max_bytes) {
  TRY_ASSIGN(std::string media_type, json::get_string(json, "mediaType"));
  TRY_ASSIGN(const std::string digest_text, json::get_string(json, "digest"));
  TRY_ASSIGN(Digest digest, Digest::parse(digest_text));
  TRY_ASSIGN(const std::uint64_t size, json::get_uint(json, "size"));
  if (size > max_bytes) {
    return fail(ErrorCode::integrity,
                format("its size of {} bytes is beyond the limit of {} bytes", size, max_bytes));
  }
  return Descriptor{std::move(media_type), std::move(digest), size, std::nullopt};
}

Result<Descriptor> parse_config_descriptor(const Json& manifest) {
  TRY_ASSIGN(const Json* json, json::get_object(manifest, "config"));
  const std::string media_type = json::string_or(*json, "mediaType", "");
  if (!is_one_of(kConfigTypes, media_type)) {
    return fail(ErrorCode::unsupported, format("it is not a container image but an artifact of "
                                               "type '{}'",
                                               text::sanitize(media_type)));
  }
  TRY_ASSIGN_CONTEXT(Descriptor config, parse_descriptor(*json, kMaxDocumentBytes),
                     "the config is not described well");
  return config;
}

Result<void> check_layer_type(const Json& json, std::string_view media_type) {
  if (is_one_of(kLayerTypes, media_type)) {
    return {};
  }
  if (is_one_of(kForeignLayerTypes, media_type)) {
    const Json* urls = json::find(json, "urls");
    if (urls != nullptr && !urls->empty()) {
      // Fetching from an address that an image names has leaked credentials (CVE-2020-15157).
      return fail(ErrorCode::unsupported,
                  "it has to be fetched from another server than the "
                  "registry, which devenv does not do");
    }
    return {};
  }
  if (media_type.ends_with("+encrypted")) {
    return fail(ErrorCode::unsupported, "it is encrypted");
  }
  return fail(ErrorCode::unsupported,
              format("its type '{}' is not known", text::sanitize(media_type)));
}

Result<Descriptor> parse_layer(const Json& json) {
  TRY_ASSIGN(Descriptor layer, parse_descriptor(json, kMaxLayerBytes));
  TRY(check_layer_type(json, layer.media_type));
  layer.contents = contents_place(json, layer.size_bytes);
  return layer;
}

Result<Manifest> parse_image_manifest(const Json& document, std::string media_type) {
  TRY_ASSIGN(Descriptor config, parse_config_descriptor(document));
  TRY_ASSIGN(const Json* layers, json::get_array(document, "layers"));
  if (layers->empty()) {
    return fail(ErrorCode::unsupported, "the image has no layers, so there is nothing to run");
  }
  if (layers->size() > kMaxLayers) {
    return fail(ErrorCode::unsupported, format("the image has {} layers; at most {} can be mounted",
                                               layers->size(), kMaxLayers));
  }
  Manifest manifest{std::move(media_type), std::move(config), {}};
  for (const Json& json : *layers) {
    TRY_ASSIGN_CONTEXT(Descriptor layer, parse_layer(json),
                       format("layer {} cannot be used", manifest.layers.size() + 1));
    manifest.layers.push_back(std::move(layer));
  }
  return manifest;
}

/// Builders put attestations (provenance, SBOM) and signatures into the index beside the images.
bool entry_is_image(const Json& json, const IndexEntry& entry) {
  if (!is_one_of(kManifestTypes, entry.manifest.media_type) && !entry.is_index()) {
    return false;
  }
  if (entry.platform && (entry.platform->os == "unknown" || entry.platform->os.empty())) {
    return false;
  }
  const Json* annotations = json::find(json, "annotations");
  if (annotations != nullptr && has(*annotations, "vnd.docker.reference.type")) {
    return false;
  }
  const std::string artifact = json::string_or(json, "artifactType", "");
  return artifact.empty() || is_one_of(kConfigTypes, artifact);
}

Result<IndexEntry> parse_entry(const Json& json) {
  TRY_ASSIGN(Descriptor manifest, parse_descriptor(json, kMaxDocumentBytes));
  IndexEntry entry{std::move(manifest), std::nullopt};
  if (const Json* platform = json::find(json, "platform")) {
    TRY_ASSIGN(std::string os, json::get_string(*platform, "os"));
    TRY_ASSIGN(std::string architecture, json::get_string(*platform, "architecture"));
    entry.platform =
        Platform{std::move(os), std::move(architecture), json::string_or(*platform, "variant", "")};
  }
  entry.is_image = entry_is_image(json, entry);
  if (const Json* annotations = json::find(json, "annotations")) {
    entry.name = json::string_or(*annotations, "org.opencontainers.image.ref.name", "");
  }
  return entry;
}

Result<Index> parse_index(const Json& document, std::string media_type) {
  TRY_ASSIGN(const Json* manifests, json::get_array(document, "manifests"));
  Index index{std::move(media_type), {}};
  for (const Json& json : *manifests) {
    TRY_ASSIGN_CONTEXT(IndexEntry entry, parse_entry(json),
                       format("entry {} of the index is malformed", index.entries.size() + 1));
    index.entries.push_back(std::move(entry));
  }
  return index;
}

Result<ManifestDocument> parse_document(std::string_view text, std::string_view content_type) {
  TRY_ASSIGN(const Json document, json::parse(text, {.max_bytes = kMaxDocumentBytes}));
  TRY_ASSIGN(std::string media_type, media_type_of(document, content_type));
  if (is_one_of(kIndexTypes, media_type)) {
    TRY_ASSIGN(Index index, parse_index(document, std::move(media_type)));
    return ManifestDocument(std::move(index));
  }
  TRY_ASSIGN(Manifest manifest, parse_image_manifest(document, std::move(media_type)));
  return ManifestDocument(std::move(manifest));
}

}  // namespace

std::string accepted_manifest_types() {
  return format("{}, {}, {}, {}", kOciIndexType, kOciManifestType, kDockerListType,
                kDockerManifestType);
}

std::uint64_t Manifest::download_bytes() const {
  std::uint64_t sum = 0;
  for (const Descriptor& layer : layers) {
    sum += layer.size_bytes;  // cannot overflow: kMaxLayers times kMaxLayerBytes
  }
  return sum;
}

bool IndexEntry::is_index() const {
  return is_one_of(kIndexTypes, manifest.media_type);
}

Result<ManifestDocument> parse_manifest(std::string_view text, std::string_view content_type) {
  auto document = parse_document(text, content_type);
  if (!document) {
    return fail(document.error().context("cannot use the image's manifest"));
  }
  return document;
}

}  // namespace devenv::image

// SPDX-License-Identifier: MIT
// The documents of a registry: what an image is made of, and which images an index offers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/chunked.hpp"
#include "env/image/platform.hpp"

namespace devenv::image {

constexpr std::string_view kDockerManifestType =
    "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kDockerListType =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view kOciManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciIndexType = "application/vnd.oci.image.index.v1+json";

/// The value of the Accept header when a manifest is asked for: all four types.
std::string accepted_manifest_types();

/// Manifests, indexes and configs are never larger (distribution and containers/image agree).
constexpr std::uint64_t kMaxDocumentBytes = 4U * 1024 * 1024;
/// overlayfs takes 500 lower directories (OVL_MAX_STACK).
constexpr std::size_t kMaxLayers = 500;
/// A layer that claims to be larger is a mistake or an attack.
constexpr std::uint64_t kMaxLayerBytes = 1ULL << 40U;
/// How many indexes may be nested in each other.
constexpr int kMaxIndexDepth = 3;

/// What a blob is and how it is checked. Source: OCI image-spec, descriptor.md.
struct Descriptor {
  std::string
      media_type;  ///< one of the types that are known; "" where a document may leave it out
  Digest digest;
  std::uint64_t size_bytes = 0;
  /// Of a zstd:chunked layer.
  std::optional<ContentsPlace> contents = std::nullopt;
};

/// One image. How a layer is compressed is found out by its first bytes, not by its media type:
/// registries hold both kinds of mistakes.
struct Manifest {
  std::string media_type;  ///< kDockerManifestType or kOciManifestType
  Descriptor config;
  std::vector<Descriptor> layers;  ///< lowest first; 1 to kMaxLayers

  /// Sum of the layers' sizes: what there is to download.
  std::uint64_t download_bytes() const;
};

struct IndexEntry {
  Descriptor manifest;               ///< media_type may be that of a nested index
  std::optional<Platform> platform;  ///< most indexes say it for every entry
  bool is_image = true;              ///< false: an attestation, signature or other artifact
  std::string name;  ///< in an OCI layout: org.opencontainers.image.ref.name; "" if it has none

  bool is_index() const;
};

/// Several images of the same name, one per platform.
struct Index {
  std::string media_type;  ///< kDockerListType or kOciIndexType
  std::vector<IndexEntry> entries;
};

using ManifestDocument = std::variant<Manifest, Index>;

/// Reads a Docker v2s2 or OCI manifest or index. The caller has compared the digest of `text`.
///
/// `content_type` is the header as it came, parameters included; "" for a file, and what is none of
/// the four types (some registries say application/json) counts as "". It must agree with the
/// body's own mediaType, and the body must be only one kind of document (CVE-2021-41190: two
/// readers must not see different things). Errors: integrity (malformed, contradictory, sizes or
/// counts beyond the limits); unsupported (schema 1, artifacts that are no images, encrypted
/// layers, layers to be had from other servers, layer types that are not known). Source: OCI
/// image-spec 1.1, manifest.md and image-index.md; distribution, "Image Manifest V 2, Schema 2".
Result<ManifestDocument> parse_manifest(std::string_view text, std::string_view content_type);

}  // namespace devenv::image

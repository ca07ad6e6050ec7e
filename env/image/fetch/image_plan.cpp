// SPDX-License-Identifier: MIT
#include "env/image/fetch/image_plan.hpp"

#include <optional>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/fetch.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";

Json descriptor_json(std::string_view media_type, const Digest& digest, std::uint64_t size_bytes) {
  return Json{{"mediaType", media_type}, {"digest", digest.string()}, {"size", size_bytes}};
}

Document document(const Json& json) {
  std::string bytes = json::dump(json, -1);
  return Document{sha256(bytes), std::move(bytes)};
}

}  // namespace

Result<ImagePlan> plan_image(std::string reference,
                             Document manifest,
                             const std::vector<Descriptor>& layers,
                             Document config) {
  TRY_ASSIGN(ImageConfig parsed, parse_config(config.bytes, layers.size()));
  ImagePlan plan{std::move(reference), std::move(manifest), std::move(config), {}, {}};
  std::optional<Digest> parent;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Digest chain = chain_id(parent, parsed.diff_ids[i]);
    plan.layers.push_back({.digest = layers[i].digest,
                           .size_bytes = layers[i].size_bytes,
                           .diff_id = parsed.diff_ids[i],
                           .chain_id = chain,
                           .bytes = InFile{},
                           .contents = layers[i].contents});
    parent = chain;
  }
  plan.parsed_config = std::move(parsed);
  return plan;
}

Document make_config(const std::string& architecture, const Digest& diff_id) {
  return document(
      Json{{"architecture", architecture},
           {"os", "linux"},
           {"config", Json::object()},
           // skopeo and docker want an entry for each layer.
           {"history", Json::array({Json{{"created", timestamp(0)}, {"created_by", "devenv"}}})},
           {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array({diff_id.string()})}}}});
}

Document make_manifest(const Document& config,
                       const std::vector<Descriptor>& layers,
                       const std::map<std::string, std::string>& annotations) {
  Json list = Json::array();
  for (const Descriptor& layer : layers) {
    list.push_back(descriptor_json(layer.media_type, layer.digest, layer.size_bytes));
  }
  Json manifest{{"schemaVersion", 2},
                {"mediaType", kOciManifestType},
                {"config", descriptor_json(kConfigType, config.digest, config.bytes.size())},
                {"layers", std::move(list)}};
  if (!annotations.empty()) {
    manifest["annotations"] = annotations;
  }
  return document(manifest);
}

Result<StoredImage> load_image(const Store& store,
                               const Digest& manifest,
                               const std::string& reference) {
  const auto read = [&store](const Digest& digest) -> Result<Document> {
    TRY_ASSIGN(std::string bytes, store.read_blob(digest));
    if (sha256(bytes) != digest) {
      return fail(Error(ErrorCode::integrity, format("'{}' is damaged", store.blob_file(digest)))
                      .with_hint("pull the image again"));
    }
    return Document{digest, std::move(bytes)};
  };
  TRY_ASSIGN(Document document, read(manifest));
  TRY_ASSIGN(const ManifestDocument parsed, parse_manifest(document.bytes, ""));
  const auto* described = std::get_if<Manifest>(&parsed);
  if (described == nullptr) {
    return fail(ErrorCode::integrity, format("{} is an index, not an image", manifest.string()));
  }
  TRY_ASSIGN(Document config, read(described->config.digest));
  TRY_ASSIGN(ImagePlan plan,
             plan_image(reference, std::move(document), described->layers, std::move(config)));
  return StoredImage{*described, std::move(plan)};
}

Result<RunConfig> read_config(const Context& context, const Digest& manifest) {
  TRY_ASSIGN(const StoredImage image, load_image(context.store, manifest, manifest.string()));
  return run_config_of(image.plan.parsed_config);
}

}  // namespace devenv::image::fetch

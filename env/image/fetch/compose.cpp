// SPDX-License-Identifier: MIT
#include "env/image/fetch/compose.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/image/codec/hash.hpp"

namespace devenv::image::fetch {
namespace {

constexpr const char* kBaseName = "org.opencontainers.image.base.name";
constexpr const char* kBaseDigest = "org.opencontainers.image.base.digest";
constexpr const char* kPlainLayer = "application/vnd.oci.image.layer.v1.tar";
constexpr const char* kCreatedBy = "devenv";

/// Docker's name of a layer's type as OCI has it; others stay.
std::string oci_layer_type(const std::string& type) {
  if (type.empty()) {
    return std::string(kPlainLayer) + "+gzip";
  }
  constexpr std::string_view kDocker = "application/vnd.docker.image.rootfs.";
  if (!type.starts_with(kDocker)) {
    return type;
  }
  for (const std::string_view packing : {"gzip", "zstd"}) {
    if (type.ends_with(packing)) {
      return format("{}+{}", kPlainLayer, packing);
    }
  }
  return kPlainLayer;
}

Document document(const Json& json) {
  std::string bytes = json::dump(json, -1);
  return Document{sha256(bytes), std::move(bytes)};
}

Json texts_of(const std::vector<Digest>& digests) {
  Json list = Json::array();
  for (const Digest& digest : digests) {
    list.push_back(digest.string());
  }
  return list;
}

/// A history must have one entry for each layer (and more for what made none): one that is not so
/// is replaced, because other programs refuse such an image.
void extend_history(Json& config, std::size_t base_layers, std::size_t new_layers) {
  // umoci cannot show an entry without a time.
  const std::string created = json::string_or(config, "created", timestamp(0));
  const Json* history = json::find(config, "history");
  std::size_t described = 0;
  if (history != nullptr && history->is_array()) {
    described = static_cast<std::size_t>(
        std::count_if(history->begin(), history->end(), [](const Json& entry) {
          const Json* empty = json::find(entry, "empty_layer");
          return empty == nullptr || *empty != true;
        }));
  }
  if (described != base_layers) {
    config["history"] = Json::array();
    for (std::size_t i = 0; i < base_layers; ++i) {
      config["history"].push_back(Json{{"created", created}, {"created_by", "unknown"}});
    }
  }
  for (std::size_t i = 0; i < new_layers; ++i) {
    config["history"].push_back(Json{{"created", created}, {"created_by", kCreatedBy}});
  }
}

Result<std::map<std::string, std::string>> annotations_of(const Document& manifest) {
  TRY_ASSIGN(const Json json, json::parse(manifest.bytes, {.max_bytes = kMaxDocumentBytes}));
  std::map<std::string, std::string> annotations;
  if (const Json* found = json::find(json, "annotations"); found != nullptr && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      if (value.is_string()) {
        annotations.emplace(name, value.get<std::string>());
      }
    }
  }
  return annotations;
}

/// The base without its layers.
StoredImage config_only(StoredImage base) {
  base.manifest.layers.clear();
  base.plan.layers.clear();
  base.plan.parsed_config.diff_ids.clear();
  return base;
}

/// Where the lower layers can be had: the base itself, or where its own came from.
std::map<std::string, std::string> describe_base(const ImagePlan& base, const NewImage& image) {
  if (base.layers.empty()) {
    return {};
  }
  const auto reference = Reference::parse(image.base_reference);
  if (reference && is_in_registry(*reference)) {
    return {{kBaseName, reference->string()}, {kBaseDigest, base.manifest.digest.string()}};
  }
  if (const auto below = base_name(base.manifest)) {
    return {{kBaseName, *below}};
  }
  return {};
}

/// Both members may be missing or null.
void add_labels(Json& config, const std::map<std::string, std::string>& labels) {
  if (labels.empty()) {
    return;
  }
  Json& execution = config["config"];
  execution = execution.is_object() ? execution : Json::object();
  Json& known = execution["Labels"];
  known = known.is_object() ? known : Json::object();
  for (const auto& [name, value] : labels) {
    known[name] = value;
  }
}

Result<Document> extend_config(const ImagePlan& base, const NewImage& image, std::uint64_t newest) {
  TRY_ASSIGN(Json config, json::parse(base.config.bytes, {.max_bytes = kMaxDocumentBytes}));
  std::vector<Digest> diff_ids = base.parsed_config.diff_ids;
  for (const SealedLayer& layer : image.layers) {
    diff_ids.push_back(layer.diff_id);
  }
  config["rootfs"] = Json{{"type", "layers"}, {"diff_ids", texts_of(diff_ids)}};
  if (newest > 0) {
    config["created"] = timestamp(newest);
  } else if (base.parsed_config.created_at.empty()) {
    config["created"] = current_timestamp();
  }
  if (base.layers.empty()) {
    config.erase("history");
  }
  extend_history(config, base.layers.size(), image.layers.size());
  add_labels(config, image.labels);
  return document(config);
}

}  // namespace

std::vector<ImageLayer> layers_of(const StoredImage& image) {
  std::vector<ImageLayer> layers;
  for (std::size_t i = 0; i < image.plan.layers.size(); ++i) {
    layers.push_back({image.manifest.layers[i], image.plan.layers[i].diff_id});
  }
  return layers;
}

Result<StoredImage> compose_image(const StoredImage& stored_base,
                                  const NewImage& image,
                                  const std::vector<std::uint64_t>& tar_sizes,
                                  std::uint64_t newest) {
  const StoredImage base =
      image.base_layers == BaseLayers::kept ? stored_base : config_only(stored_base);
  std::vector<Descriptor> layers;
  for (const Descriptor& layer : base.manifest.layers) {
    layers.push_back({oci_layer_type(layer.media_type), layer.digest, layer.size_bytes});
  }
  for (std::size_t i = 0; i < image.layers.size(); ++i) {
    layers.push_back({kPlainLayer, image.layers[i].diff_id, tar_sizes[i]});
  }
  if (layers.size() > kMaxLayers) {
    return fail(ErrorCode::unsupported, format("the image would have {} layers; at most {} can be "
                                               "mounted",
                                               layers.size(), kMaxLayers));
  }
  TRY_ASSIGN(Document config, extend_config(base.plan, image, newest));
  Document manifest = make_manifest(config, layers, describe_base(base.plan, image));
  TRY_ASSIGN(ImagePlan plan,
             plan_image(image.reference.string(), std::move(manifest), layers, std::move(config)));
  for (std::size_t i = 0; i < image.layers.size(); ++i) {
    const LayerPlan& layer = plan.layers[base.plan.layers.size() + i];
    if (layer.chain_id != image.layers[i].chain_id) {
      return fail(ErrorCode::integrity,
                  format("layer {} does not stand on the layers of the base image",
                         image.layers[i].chain_id.abbreviated()));
    }
  }
  TRY_ASSIGN(const ManifestDocument parsed, parse_manifest(plan.manifest.bytes, ""));
  return StoredImage{std::get<Manifest>(parsed), std::move(plan)};
}

Result<ImagePlan> with_layers(const ImagePlan& image, const std::vector<ImageLayer>& layers) {
  TRY_ASSIGN(Json config, json::parse(image.config.bytes, {.max_bytes = kMaxDocumentBytes}));
  std::vector<Digest> diff_ids;
  std::vector<Descriptor> blobs;
  for (const ImageLayer& layer : layers) {
    diff_ids.push_back(layer.diff_id);
    blobs.push_back(
        {oci_layer_type(layer.blob.media_type), layer.blob.digest, layer.blob.size_bytes});
  }
  Document new_config = image.config;
  if (diff_ids != image.parsed_config.diff_ids) {
    config["rootfs"]["diff_ids"] = texts_of(diff_ids);
    extend_history(config, layers.size(), 0);
    new_config = document(config);
  }
  TRY_ASSIGN(const auto annotations, annotations_of(image.manifest));
  Document manifest = make_manifest(new_config, blobs, annotations);
  return plan_image(image.reference, std::move(manifest), blobs, std::move(new_config));
}

std::optional<std::string> base_name(const Document& manifest) {
  const auto annotations = annotations_of(manifest);
  if (!annotations) {
    return std::nullopt;
  }
  const auto found = annotations->find(kBaseName);
  return found == annotations->end() ? std::nullopt : std::optional<std::string>(found->second);
}

bool is_in_registry(const Reference& reference) {
  return reference.registry() != "localhost";
}

}  // namespace devenv::image::fetch

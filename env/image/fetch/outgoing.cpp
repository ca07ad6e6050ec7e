// SPDX-License-Identifier: MIT
#include "env/image/fetch/outgoing.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/image/fetch/lock_set.hpp"
#include "env/image/fetch/pack_task.hpp"
#include "env/image/fetch/publish.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

/// Without the layers that the base has.
std::vector<SealedLayer> layers_above(const ImagePlan& base, const NewImage& image) {
  std::vector<SealedLayer> layers = image.layers;
  if (image.base_layers == BaseLayers::kept) {
    std::erase_if(layers, [&base](const SealedLayer& layer) {
      return std::any_of(base.layers.begin(), base.layers.end(), [&layer](const LayerPlan& below) {
        return below.chain_id == layer.chain_id;
      });
    });
  }
  return layers;
}

}  // namespace

Result<sys::UniqueFd> make_temporary_file(const Context& context) {
  TRY_ASSIGN(const Unfinished place, context.store.begin_unfinished("push"));
  TRY_ASSIGN(sys::UniqueFd file, sys::open_file(place.path, O_RDWR | O_CREAT | O_EXCL, 0600));
  TRY(sys::remove_file(place.path));
  return file;
}

Result<StoredImage> load_new_image(const Context& context, NewImage& image) {
  TRY_ASSIGN_CONTEXT(StoredImage base,
                     load_image(context.store, image.base_manifest, image.reference.string()),
                     format("cannot use the base image {}", image.base_manifest.abbreviated()));
  image.layers = layers_above(base.plan, image);
  if (image.layers.empty() && image.labels.empty()) {
    return base;
  }
  std::vector<std::uint64_t> sizes;
  std::uint64_t newest = 0;
  for (const SealedLayer& layer : image.layers) {
    if (!context.store.has_layer(layer.chain_id)) {
      return fail(ErrorCode::not_found,
                  format("layer {} is not in the store", layer.chain_id.abbreviated()));
    }
    sizes.push_back(layer_tar_size(context.store, layer.chain_id));
    newest = std::max(newest, layer_newest(context.store, layer.chain_id));
  }
  return compose_image(base, image, sizes, newest);
}

Result<std::map<Digest, sys::FileLock>> lock_parts(const Context& context, const ImagePlan& plan) {
  LockNeeds needs;
  add_need(needs, plan.manifest.digest, LockNeed::keep);
  add_need(needs, plan.config.digest, LockNeed::keep);
  for (const LayerPlan& layer : plan.layers) {
    add_need(needs, layer.chain_id, LockNeed::keep);
  }
  return take_locks(context, needs);
}

bool is_complete(const Store& store, const ImagePlan& plan) {
  return std::all_of(plan.layers.begin(), plan.layers.end(),
                     [&store](const LayerPlan& layer) { return store.has_layer(layer.chain_id); });
}

ImageRecord describe(const ImagePlan& plan) {
  ImageRecord record{.reference = plan.reference,
                     .manifest_digest = plan.manifest.digest,
                     .config_digest = plan.config.digest,
                     .layers = {},
                     .architecture = plan.parsed_config.platform.architecture,
                     .environment = plan.parsed_config.environment,
                     .size_bytes = 0,
                     .created_at = plan.parsed_config.created_at,
                     .pulled_at = current_timestamp()};
  for (const LayerPlan& layer : plan.layers) {
    record.layers.push_back(layer.chain_id);
  }
  return record;
}

Result<PackedLayer> pack_stored_layer(const Context& context,
                                      const Digest& chain_id,
                                      const std::string& id) {
  if (!context.store.has_layer(chain_id)) {
    return fail(Error(ErrorCode::not_found,
                      format("layer {} is neither in the store nor in a registry that is known",
                             chain_id.abbreviated()))
                    .with_hint("pull the image again"));
  }
  TRY_ASSIGN(sys::UniqueFd file, make_temporary_file(context));
  TRY_ASSIGN(const LayerOutcome packed,
             pack_as_root(
                 context,
                 {.id = id, .tree = context.store.layer_tree(chain_id), .compressed = file.get()}));
  TRY_ASSIGN(const struct stat info, sys::stat_fd(file.get()));
  Descriptor blob{"application/vnd.oci.image.layer.v1.tar+gzip", packed.digest,
                  static_cast<std::uint64_t>(info.st_size)};
  return PackedLayer{std::move(file), ImageLayer{std::move(blob), packed.diff_id}};
}

}  // namespace devenv::image::fetch

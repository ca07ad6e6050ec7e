// SPDX-License-Identifier: MIT
#include "env/image/fetch/publish.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

std::string tree_of(const Context& context, const StackedLayer& layer) {
  return layer.outcome == nullptr ? context.store.layer_tree(layer.chain_id)
                                  : layer.directory + "/fs";
}

/// Lowest first: what a layer takes from the one below is complete by then.
Result<void> finish_layers(const Context& context, const std::vector<StackedLayer>& layers) {
  std::vector<sys::UniqueFd> roots;
  std::vector<int> below;  // topmost first
  for (const StackedLayer& layer : layers) {
    TRY_ASSIGN(sys::UniqueFd root,
               sys::open_file(tree_of(context, layer), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (layer.outcome != nullptr) {
      TRY_CONTEXT(finish_layer(root.get(), layer.outcome->unpacked, below),
                  format("cannot complete layer {}", layer.chain_id.abbreviated()));
    }
    below.insert(below.begin(), root.get());
    roots.push_back(std::move(root));
  }
  return {};
}

std::uint64_t number_of_layer(const Store& store, const Digest& chain_id, const char* key) {
  const auto text = sys::read_file(store.layer_directory(chain_id) + "/layer.json");
  const auto json = text ? json::parse(*text) : fail(text.error());
  const auto number = json ? json::get_uint(*json, key) : fail(json.error());
  return number.value_or(0);
}

}  // namespace

Result<void> sync_store(const Context& context) {
  TRY_ASSIGN(const sys::UniqueFd store,
             sys::open_file(context.store.path(), O_RDONLY | O_DIRECTORY));
  return sys::sync_file_system(store.get());
}

Result<void> write_layer_json(const std::string& directory, const LayerFacts& facts) {
  const Json json{{"schema", 1},
                  {"chain_id", facts.chain_id.string()},
                  {"diff_id", facts.diff_id.string()},
                  {"size_bytes", facts.size_bytes},
                  {"entries", facts.entries},
                  {"tar_bytes", facts.tar_bytes},
                  {"newest", facts.newest},
                  {"created_at", current_timestamp()}};
  TRY_ASSIGN(const sys::UniqueFd file,
             sys::open_file(directory + "/layer.json", O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return sys::write_all(file.get(), json::dump(json) + "\n");
}

Result<void> publish_layers(const Context& context,
                            const std::vector<StackedLayer>& layers,
                            const std::vector<std::string>& used_up,
                            WorkDirectories& work) {
  for (const StackedLayer& layer : layers) {
    if (layer.outcome != nullptr) {
      TRY(write_layer_json(layer.directory, {.chain_id = layer.chain_id,
                                             .diff_id = layer.outcome->diff_id,
                                             .size_bytes = layer.outcome->unpacked.bytes,
                                             .entries = layer.outcome->unpacked.entries,
                                             .tar_bytes = layer.outcome->tar_bytes,
                                             .newest = layer.outcome->unpacked.newest}));
    }
  }
  TRY(run_as_root(context, [&] { return finish_layers(context, layers); }));
  // From here on nothing is left to do that could fail for want of bytes, and signals wait until
  // the layers have their names: what was downloaded is not needed again. Removed before the disk
  // has seen all of it, it never has to; after a crash of the machine right now it is fetched
  // again.
  for (const std::string& file : used_up) {
    (void)sys::remove_file(file);  // left over, it is something for prune
  }
  // Once for all layers. A layer must not have its name before its files are on the disk: after a
  // crash, "is there" is all that anybody checks.
  TRY(sync_store(context));
  for (const StackedLayer& layer : layers) {
    if (layer.outcome != nullptr) {
      TRY(sys::rename_no_replace(layer.directory, context.store.layer_directory(layer.chain_id)));
      work.forget(layer.directory);
    }
  }
  return {};
}

namespace {

/// "localhost/alpine:0123456789ab" where "localhost/alpine:latest" is another image: it may be all
/// there is of somebody's work.
Result<std::string> name_of(const Context& context, const ImagePlan& plan) {
  if (!context.keeps_names) {
    return plan.reference;
  }
  TRY_ASSIGN(const auto there, context.store.find_image(plan.reference));
  if (!there || there->manifest_digest == plan.manifest.digest) {
    return plan.reference;
  }
  std::string name = format("{}:{}", plan.reference.substr(0, plan.reference.rfind(':')),
                            plan.manifest.digest.abbreviated());
  context.reporter.step(format("'{}' is another image: this one is '{}'", plan.reference, name));
  return name;
}

}  // namespace

Result<ImageRecord> record_image(const Context& context, const ImagePlan& plan) {
  const Store& store = context.store;
  TRY_ASSIGN(std::string name, name_of(context, plan));
  TRY(store.put_blob(plan.config.digest, plan.config.bytes));
  TRY(store.put_blob(plan.manifest.digest, plan.manifest.bytes));
  ImageRecord record{.reference = std::move(name),
                     .manifest_digest = plan.manifest.digest,
                     .config_digest = plan.config.digest,
                     .architecture = plan.parsed_config.platform.architecture,
                     .environment = plan.parsed_config.environment,
                     .created_at = plan.parsed_config.created_at,
                     .pulled_at = current_timestamp()};
  for (const LayerPlan& layer : plan.layers) {
    record.layers.push_back(layer.chain_id);
    record.size_bytes += layer_size(store, layer.chain_id);
  }
  TRY(store.put_image(record));
  return record;
}

std::uint64_t layer_size(const Store& store, const Digest& chain_id) {
  return number_of_layer(store, chain_id, "size_bytes");
}

std::uint64_t layer_tar_size(const Store& store, const Digest& chain_id) {
  return number_of_layer(store, chain_id, "tar_bytes");
}

std::uint64_t layer_newest(const Store& store, const Digest& chain_id) {
  return number_of_layer(store, chain_id, "newest");
}

}  // namespace devenv::image::fetch

// SPDX-License-Identifier: MIT
#include "env/instance/layers.hpp"

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/instance/worker.hpp"
#include "env/sys/file.hpp"

namespace devenv::instance {
namespace {

Result<image::ImageRecord> run_for_image(const Workspace& workspace,
                                         const char* command,
                                         const NewImage& image,
                                         Reporter& reporter,
                                         const std::vector<std::string>& more = {},
                                         const WorkerInput& input = {}) {
  std::vector<std::string> arguments = {command, "--store", workspace.paths.store(), "--base",
                                        image.base_manifest.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  if (!image.base_reference.empty()) {
    arguments.insert(arguments.end(), {"--origin", image.base_reference});
  }
  for (const SealedLayer& layer : image.layers) {
    arguments.insert(arguments.end(),
                     {"--layer", layer.chain_id.string() + "=" + layer.diff_id.string()});
  }
  for (const auto& [name, value] : image.labels) {
    arguments.push_back("--label=" + name + "=" + value);
  }
  if (image.base_layers == BaseLayers::replaced) {
    arguments.insert(arguments.end(), {"--base-layers", "replaced"});
  }
  arguments.insert(arguments.end(), {"--", image.reference.string()});
  return run_worker<image::ImageRecord>(workspace, arguments, reporter, input);
}

}  // namespace

Result<SealedLayer> seal_layer(const Workspace& workspace,
                               const std::string& tree,
                               const std::optional<Digest>& parent,
                               Reporter& reporter) {
  std::vector<std::string> arguments = {"seal", "--store", workspace.paths.store(), "--tree", tree};
  if (parent) {
    arguments.insert(arguments.end(), {"--parent", parent->string()});
  }
  return run_worker<SealedLayer>(workspace, arguments, reporter);
}

Result<SealedLayer> stored_layer(const image::Store& store, const Digest& chain_id) {
  const std::string file = store.layer_directory(chain_id) + "/layer.json";
  const auto read = [&]() -> Result<SealedLayer> {
    TRY_ASSIGN(const std::string text, sys::read_file(file));
    TRY_ASSIGN(const Json json, json::parse(text));
    return SealedLayer::from_json(json);
  };
  TRY_ASSIGN_CONTEXT(SealedLayer layer, read(),
                     format("cannot use layer {}", chain_id.abbreviated()));
  return layer;
}

Result<image::ImageRecord> record_image(const Workspace& workspace,
                                        const NewImage& image,
                                        Reporter& reporter) {
  return run_for_image(workspace, "compose", image, reporter);
}

Result<image::ImageRecord> push_image(const Workspace& workspace,
                                      const NewImage& image,
                                      Reporter& reporter) {
  return run_for_image(workspace, "push", image, reporter);
}

Result<image::ImageRecord> save_image(const Workspace& workspace,
                                      const NewImage& image,
                                      const SaveTarget& target,
                                      Reporter& reporter) {
  // The one descriptor that the image program takes over.
  return run_for_image(workspace, "save", image, reporter,
                       {"--file", target.fd == -1 ? target.file : "-"}, {.fd = target.fd});
}

}  // namespace devenv::instance

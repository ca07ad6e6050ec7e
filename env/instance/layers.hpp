// SPDX-License-Identifier: MIT
// Layers that are made on this machine.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/record.hpp"
#include "env/image/reference.hpp"
#include "env/image/sealed_layer.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

using image::SealedLayer;

/// Makes `tree` (an absolute path, on the store's file system) a layer on top of `parent`, a chain
/// id; nullopt: it is the lowest layer. The tree is moved into the store, or removed when the store
/// has the same layer. It must not be mounted: an environment's `upper` once that has stopped.
///
/// A prune at the same time may take a layer that nothing names: lock it, and look whether it is
/// still there, before writing down who needs it. Errors: not_found (tree, parent); integrity
/// (names and ids that no layer can hold); conflict (files that change); interrupted. The tree
/// stays, then.
Result<SealedLayer> seal_layer(const Workspace& workspace,
                               const std::string& tree,
                               const std::optional<Digest>& parent,
                               Reporter& reporter);

/// A layer of the store, as its layer.json describes it. Errors: not_found, integrity.
Result<SealedLayer> stored_layer(const image::Store& store, const Digest& chain_id);

/// What an image has below its new layers.
enum class BaseLayers {
  kept,
  replaced,  ///< nothing: the new layers are a whole tree, only the config is the base's
};

/// Layers on top of an image of the store.
struct NewImage {
  Digest base_manifest;
  std::string base_reference;  ///< where the base came from; may be "localhost/..."
  /// Lowest first; none: the base itself. Those of the base may be named, too.
  std::vector<SealedLayer> layers;
  image::Reference reference;
  std::map<std::string, std::string> labels;
  BaseLayers base_layers = BaseLayers::kept;
};

/// Records it in the store under its reference. Errors: not_found (base or layers are not in the
/// store), integrity (the layers do not stand on the base).
Result<image::ImageRecord> record_image(const Workspace& workspace,
                                        const NewImage& image,
                                        Reporter& reporter);

/// Sends it to the registry of its reference and records it in the store.
///
/// Layers of the base keep their digests: the registry has them, or they are mounted from another
/// repository of it, or copied from where the base came from. When that is nowhere (bootstrap,
/// import) all are packed anew, and the image there has other ids than the one here: it is
/// described by the result, but not in the store. Errors: network (with a hint where logging in
/// would help); usage (reference).
Result<image::ImageRecord> push_image(const Workspace& workspace,
                                      const NewImage& image,
                                      Reporter& reporter);

struct SaveTarget {
  std::string file;  ///< absolute path; appears when it is complete
  int fd = -1;       ///< or what is open already: a pipe, say
};

/// Writes it out: an OCI layout and a docker archive in one tar. Layers that came packed by others
/// are packed anew: the result describes the image in the file.
Result<image::ImageRecord> save_image(const Workspace& workspace,
                                      const NewImage& image,
                                      const SaveTarget& target,
                                      Reporter& reporter);

}  // namespace devenv::instance

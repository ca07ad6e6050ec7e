// SPDX-License-Identifier: MIT
// Packing a tree, which only root of the store's namespace can read.
#pragma once

#include <string>

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/layer_job.hpp"

namespace devenv::image::fetch {

struct PackJob {
  std::string id;          ///< names it in progress reports
  std::string tree;        ///< absolute path
  bool normalize = false;  ///< give it the form of a layer first (normalize_tree)
  int compressed = -1;  ///< an open file that gets the tar as gzip; -1: only the digest is wanted
};

/// Packs the tree in a process of its own. The outcome's `digest` is that of the compressed bytes,
/// where there are some. Errors: those of normalize_tree and pack_layer; interrupted.
Result<LayerOutcome> pack_as_root(const Context& context, const PackJob& job);

}  // namespace devenv::image::fetch

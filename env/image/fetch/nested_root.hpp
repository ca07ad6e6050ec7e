// SPDX-License-Identifier: MIT
// Archives whose root file system is not at the top, but in one directory of it: LXD's "unified"
// images (metadata.yaml, rootfs/, templates/), Arch's bootstrap tarball (root.x86_64/).
#pragma once

#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/layer_job.hpp"

namespace devenv::image::fetch {

/// One name at the top of an archive, and the names in it when it is a directory.
struct TopEntry {
  std::string name;
  bool is_directory = false;
  std::vector<std::string> names = {};
};

/// The one directory that is a root file system, where the top is none; "" where there is none, or
/// several. Pure.
std::string nested_root(const std::vector<TopEntry>& top);

/// Whether these are the metadata that LXC's image servers keep beside a root file system. Pure.
bool is_metadata_only(const std::vector<TopEntry>& top);

/// What was unpacked into `<directory>/fs`: if its root is nested, it becomes `fs`, and `outcome`
/// is that of the tar it would be packed as (the archive's own bytes are no layer). Otherwise
/// nothing is changed. Errors: integrity for metadata without a root file system; those of packing.
Result<void> lift_nested_root(const Context& context,
                              const std::string& directory,
                              LayerOutcome& outcome);

}  // namespace devenv::image::fetch

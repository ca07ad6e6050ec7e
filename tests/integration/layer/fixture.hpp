// SPDX-License-Identifier: MIT
// Unpacks archives the way images are: as root of a user namespace, as each map that this machine's
// user may have; and, for root, also without a namespace. What came out is text that tests compare.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/layer/unpack.hpp"

namespace devenv::image::testing {

/// What unpacking gave.
struct Outcome {
  std::string error;    ///< "integrity: cannot unpack 'x': ..."; empty when it went well
  std::string summary;  ///< warnings, implicit directories, links to layers below; one a line
  std::string tree;     ///< of the topmost layer; one line per name, sorted
};

struct Settings {
  UnpackLimits limits = {};
  std::size_t piece = 256U * 1024;  ///< how the archive's bytes arrive
};

/// Unpacks `layers`, lowest first, each in a directory of its own, finishes them, and describes the
/// topmost. A line of the tree is
///
///     PATH KIND MODE UID:GID [time=SECONDS[.NANOSECONDS]] [links=N] [NAME=VALUE of attributes]
///     [contents]
///
/// where the time is left out when it is TarBuilder's default, and the root is ".".
///
/// `check` is called once for each way there is of doing so.
void for_each_way(const std::vector<std::string>& layers,
                  const Settings& settings,
                  const std::function<void(const Outcome&)>& check);
void for_each_way(const std::string& layer, const std::function<void(const Outcome&)>& check);

/// Unpacks and finishes one layer into `root`, in this process.
Result<UnpackResult> unpack_one(const std::string& tar, int root, const std::vector<int>& lower);

/// Describes a tree as Outcome::tree does.
Result<std::string> describe_tree(int root);

/// Runs `work` in an empty directory, in each way there is. Its error fails the test.
void run_each_way(const std::function<Result<void>(const std::string& directory)>& work);

}  // namespace devenv::image::testing

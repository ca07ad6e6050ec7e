// SPDX-License-Identifier: MIT
// Getting images, by running devenv-image: this program never parses bytes from outside.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "env/base/reporter.hpp"
#include "env/image/record.hpp"
#include "env/image/reference.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

/// A root file system made by the distribution's own bootstrap program (mmdebstrap).
struct Bootstrap {
  std::string distribution;  ///< "debian", "ubuntu"
  std::string suite;         ///< "bookworm"
};

/// An archive on this machine: a root file system tar, an OCI layout or a docker archive, found out
/// by content.
struct ArchiveFile {
  std::string path;
};

struct FromRegistry {
  image::Reference reference;
  /// Used when no registry can be reached (network errors, not "no such image"), one line says so;
  /// and once it is in the store, until the registry is asked on purpose (PullPolicy::always).
  std::optional<Bootstrap> fallback;
};

using ImageSource = std::variant<FromRegistry, ArchiveFile, Bootstrap>;

enum class PullPolicy {
  if_missing,  ///< an image that is in the store is used as it is
  always,      ///< the registry is asked whether the tag has moved
};

/// The image, from the store or fetched into it. Progress goes to `reporter`.
Result<image::ImageRecord> obtain_image(const Workspace& workspace,
                                        const ImageSource& source,
                                        PullPolicy policy,
                                        Reporter& reporter);

struct PruneResult {
  std::vector<std::string> removed_images;
  std::size_t removed_paths = 0;
  std::uint64_t freed_bytes = 0;
  std::vector<std::string> problems;
};
enum class PruneScope { unused_data, unused_images };
/// What prune would do is image::Store::plan_prune; this does it, inside the user namespace.
Result<PruneResult> prune_images(const Workspace& workspace, PruneScope scope, bool dry_run);

}  // namespace devenv::instance

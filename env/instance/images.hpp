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

/// What an archive's bytes are checked by, before anything looks into it.
struct ArchiveCheck {
  std::string sha256;     ///< 64 hex digits; "": none
  std::string checksums;  ///< a file or URL that lists the archive's SHA-256; "": none
  std::string keyring;    ///< of who must have signed `checksums`; "": nobody has to

  bool any() const { return !sha256.empty() || !checksums.empty(); }
  bool operator==(const ArchiveCheck&) const = default;
};

/// An archive: a root file system (tar, squashfs), an OCI layout or a docker archive, found out by
/// content.
struct ArchiveFile {
  std::string path;      ///< a file, a directory, an http or https URL, "-": standard input
  std::string tag = {};  ///< of the image that is wanted of several; "": there is only one
  ArchiveCheck check = {};
  std::string name = {};  ///< of the image that it becomes; "": after the archive

  bool is_url() const { return path.find("://") != std::string::npos; }
  bool is_standard_input() const { return path == "-"; }
};

/// A container or an image of another engine of the user's.
struct EngineImage {
  std::string engine;  ///< "podman" or "docker"
  std::string name;
  std::string name_here = {};  ///< of the image that it becomes; "": as it is called there
};

struct FromRegistry {
  image::Reference reference;
  /// Used when no registry can be reached (network errors, not "no such image"), one line says so;
  /// and once it is in the store, until the registry is asked on purpose (PullPolicy::always).
  std::optional<Bootstrap> fallback;
};

using ImageSource = std::variant<FromRegistry, ArchiveFile, Bootstrap, EngineImage>;

enum class PullPolicy {
  if_missing,  ///< an image that is in the store is used as it is
  always,      ///< the registry is asked whether the tag has moved, a URL is downloaded again
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

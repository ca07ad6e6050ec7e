// SPDX-License-Identifier: MIT
// Images on this machine: an OCI layout (a directory or in a tar) or a docker archive.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "env/base/result.hpp"
#include "env/image/fetch/image_plan.hpp"
#include "env/image/fetch/tar_index.hpp"
#include "env/image/platform.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::image::fetch {

/// Files by name, in a directory or in a tar file.
class ImageArchive {
 public:
  static Result<ImageArchive> open_directory(const std::string& path);
  /// nullopt when the tar cannot be an image archive.
  static Result<std::optional<ImageArchive>> open_tar(sys::UniqueFd file);

  bool is_oci_layout() { return part("oci-layout").has_value() && part("index.json").has_value(); }
  bool is_docker_archive();

  /// Which image of the archive.
  struct Wanted {
    std::string tag;  ///< its name in the archive, or the tag of it; "": there is only one
    Platform platform;
  };
  /// What the archive holds for the platform; the only image in it whatever it is for. The layers'
  /// bytes are parts of files that this object keeps open.
  /// Errors: integrity (damaged), unsupported (no image for the platform, several images),
  /// not_found (none of that name).
  Result<ImagePlan> plan(const std::string& reference, const Wanted& wanted);

 private:
  /// Where a file's bytes are.
  struct Part {
    InFile place;
    std::uint64_t size = 0;
  };
  std::optional<Part> part(const std::string& name);
  Result<Part> require(const std::string& name);
  Result<std::string> read(const std::string& name);
  Result<Document> read_blob(const Descriptor& blob);
  Result<ImagePlan> plan_oci(const std::string& reference, const Wanted& wanted);
  Result<ImagePlan> plan_docker(const std::string& reference, const std::string& tag);
  Result<Descriptor> describe_layer(const Part& layer, const Digest& diff_id);

  sys::UniqueFd file_;  ///< the directory or the tar
  std::optional<TarIndex> index_;
  std::deque<sys::UniqueFd> opened_;  ///< files of a directory
};

/// Whether a tar whose first entry has this name may be an image archive; a root file system never
/// starts like that.
bool names_image_archive(std::string_view first_entry);

}  // namespace devenv::image::fetch

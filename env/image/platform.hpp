// SPDX-License-Identifier: MIT
// Which machine an image is for, and which image of an index is for a machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::image {

struct Index;
struct IndexEntry;

/// Operating system, architecture and variant in OCI's words (those of Go): linux/arm64/v8.
/// Source: OCI image-spec, image-index.md, "platform".
struct Platform {
  std::string os = "linux";
  std::string architecture;  ///< "amd64", "arm64", "arm", "386"...; "" when an image does not say
  std::string variant;       ///< "v7"; "" for most

  /// "linux/arm64/v8", "linux/amd64" or only "arm64"; the kernel's names (x86_64, aarch64) too.
  /// Errors: usage.
  static Result<Platform> parse(std::string_view text);

  /// "linux/arm64/v8". May hold text from outside: sanitize it before people see it.
  std::string string() const;

  bool operator==(const Platform&) const = default;
};

/// What the kernel's name of a machine (uname(2), `machine`) is in OCI's words.
Platform platform_of_machine(std::string_view machine);

/// The platform of the running kernel.
Platform host_platform();

/// The variants that run on `wanted`, best first: arm v7 is "v7", "v6", "v5", "".
std::vector<std::string> acceptable_variants(const Platform& wanted);

/// Whether an image of `offered` runs on `wanted`. An architecture that the image does not state is
/// taken to be the right one.
bool runs_on(const Platform& offered, const Platform& wanted);

/// The entry of `index` to use on `wanted`: the best variant, the first of equals. Attestations and
/// other things that are no images are passed over; an entry without a platform is used when none
/// of the others fits, so the image's config has to be checked (runs_on).
/// Errors: unsupported, saying which platforms there are.
Result<IndexEntry> choose_entry(const Index& index, const Platform& wanted);

}  // namespace devenv::image

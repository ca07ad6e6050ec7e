// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace devenv::profiles {

/// [a-z][a-z0-9-]*, at most 63: safe as a file name, and never mistaken for an image reference.
bool is_profile_name(std::string_view name);

/// As the tag of an image. Source: OCI distribution-spec, "Pulling manifests".
bool is_release_name(std::string_view name);

}  // namespace devenv::profiles

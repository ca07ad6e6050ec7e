// SPDX-License-Identifier: MIT
// Manifests, indexes and image configs: what is accepted keeps the limits it is promised to keep.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "env/image/config.hpp"
#include "env/image/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace image = devenv::image;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text is the point
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view type : {std::string_view{}, image::kOciManifestType,
                                      image::kOciIndexType, image::kDockerListType}) {
    const auto document = image::parse_manifest(text, type);
    if (!document) {
      continue;
    }
    if (const auto* manifest = std::get_if<image::Manifest>(&*document)) {
      if (manifest->layers.empty() || manifest->layers.size() > image::kMaxLayers) {
        std::abort();
      }
      static_cast<void>(manifest->download_bytes());
    }
  }
  static_cast<void>(image::parse_config(text, 1));
  return 0;
}

// SPDX-License-Identifier: MIT
// What is accepted means the same when it is written out and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "env/image/reference.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text is the point
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reference = devenv::image::Reference::parse(text);
  if (!reference) {
    return 0;
  }
  const auto again = devenv::image::Reference::parse(reference->string());
  if (!again || !(*again == *reference)) {
    std::abort();
  }
  static_cast<void>(reference->suggested_name());
  return 0;
}

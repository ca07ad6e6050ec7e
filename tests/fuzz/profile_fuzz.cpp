// SPDX-License-Identifier: MIT
// A profile that somebody sends: any bytes give a profile that can be used, or diagnostics that
// point into the text and are safe to print.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "env/base/text.hpp"
#include "profiles/profile.hpp"

namespace {

/// libFuzzer reports an abort together with the input.
void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace profiles = devenv::profiles;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const profiles::Loaded loaded = profiles::parse_profile(text, "demo");
  must(loaded.profile.has_value() == loaded.diagnostics.empty());
  for (const profiles::Diagnostic& diagnostic : loaded.diagnostics) {
    must(diagnostic.line > 0 && diagnostic.column > 0 && !diagnostic.message.empty());
    must(devenv::text::sanitize(diagnostic.to_string()) == diagnostic.to_string());
    must(devenv::text::sanitize(diagnostic.hint) == diagnostic.hint);
  }
  if (loaded.profile) {
    must(profiles::choose_release(*loaded.profile, "").has_value());
    for (const profiles::Release& release : loaded.profile->releases) {
      must(profiles::choose_release(*loaded.profile, release.name).has_value());
      must(profiles::image_source(*loaded.profile, release).has_value());
    }
  }
  return 0;
}

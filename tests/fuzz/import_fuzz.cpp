// SPDX-License-Identifier: MIT
// Other tools' files: whatever is in them, what comes out is a devenv.toml that is in order.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "profiles/import.hpp"
#include "profiles/project.hpp"

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
  for (const char* const file : {"devcontainer.json", "distrobox.ini", "toolbox.conf"}) {
    const auto imported = profiles::import_project(file, text);
    if (!imported) {
      must(imported.error().code() == devenv::ErrorCode::usage);
      continue;
    }
    for (const profiles::ImportedProject& project : *imported) {
      must(profiles::check_project(project.toml, "devenv.toml").empty());
    }
  }
  return 0;
}

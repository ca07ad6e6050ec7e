// SPDX-License-Identifier: MIT
// A devenv.toml that comes with somebody's repository: any bytes give a project, or diagnostics
// that point into the text and are safe to print; what is merged onto itself is still in order.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "env/base/text.hpp"
#include "profiles/package_manager.hpp"
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
  static const profiles::PackageManager kManager = profiles::find_package_manager("apt").value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto found = profiles::check_project(text, "demo");
  for (const profiles::Diagnostic& diagnostic : found) {
    must(diagnostic.line > 0 && diagnostic.column > 0 && !diagnostic.message.empty());
    must(devenv::text::sanitize(diagnostic.to_string()) == diagnostic.to_string());
    must(devenv::text::sanitize(diagnostic.hint) == diagnostic.hint);
  }
  const auto project = profiles::parse_project(text, "/demo", "ci");
  must(project.has_value() == found.empty());
  if (project) {
    const auto steps = profiles::package_steps(*project, kManager, nullptr);
    must(!steps || steps->empty() || steps->back().line == kManager.clean);
    for (const profiles::SetupStep& step : project->setup) {
      must(!step.run.empty() || step.name.empty());
    }
  }
  return 0;
}

// SPDX-License-Identifier: MIT
// Other tools' project files as devenv.toml. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::profiles {

struct ImportedProject {
  std::string name;                ///< what the other tool called it
  std::string toml;                ///< a devenv.toml
  std::vector<std::string> notes;  ///< what is not carried over, and why; nothing is in silence
};

/// One for each section of a distrobox.ini, `include`s put in. Unknown keys become notes.
/// Errors: usage, with the line, for what is no such file and for sections that include each other.
Result<std::vector<ImportedProject>> import_distrobox(std::string_view manifest);

/// A devcontainer.json, comments and commas at the end of lists included. Errors: usage.
Result<ImportedProject> import_devcontainer(std::string_view document);

/// A toolbox.conf. Errors: usage.
Result<ImportedProject> import_toolbox(std::string_view config);

/// Whichever of them a file is, by its name. Errors: usage.
Result<std::vector<ImportedProject>> import_project(std::string_view file, std::string_view text);

}  // namespace devenv::profiles

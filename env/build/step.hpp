// SPDX-License-Identifier: MIT
// A step of a project's set-up, and what its result depends on.
#pragma once

#include <string>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/instance/environment.hpp"

namespace devenv::build {

/// A file of the project that a step reads.
struct InputFile {
  std::string path;    ///< relative to the project
  std::string source;  ///< absolute, on the host
  Digest digest;       ///< of its contents
  bool executable = false;
};

/// Commands that become one layer together.
struct Step {
  std::string title;                             ///< for people
  std::vector<instance::CommandWords> commands;  ///< in this order; each must succeed
  bool as_user = false;                          ///< instead of root
  std::vector<InputFile> inputs;                 ///< nothing else of the project is there
  std::string cache;                             ///< name of a package cache; "": none
  instance::CommandWords report;                 ///< what it prints afterwards is kept; empty: none
};

/// Where the inputs are while a step runs, and where it starts.
constexpr const char* kProjectInside = "/run/devenv/project";
/// Where a package cache is; also in $DEVENV_PACKAGE_CACHE.
constexpr const char* kPackagesInside = "/run/devenv/packages";

/// What the layer that a step makes is known by: the layer below (by chain id, so everything below
/// it), the variables of the image that it sees, what is run, and the inputs. Not the project, its
/// place, or a name.
Digest step_key(const Digest& below, const std::vector<std::string>& environment, const Step& step);

struct Inputs {
  std::vector<InputFile> files;          ///< sorted by path, each once
  std::vector<std::string> directories;  ///< absolute; were listed: a new file may fit
};

/// The files that patterns name. Patterns are relative to `project`; '*' stands for any text within
/// a component, "**" for any directories, and a directory for everything in it. A link is the file
/// of the project that it names.
/// Errors: not_found for a pattern that names nothing; usage for one, or a link, that leads out of
/// the project.
Result<Inputs> find_inputs(const std::string& project, const std::vector<std::string>& patterns);

}  // namespace devenv::build

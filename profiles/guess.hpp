// SPDX-License-Identifier: MIT
// What a project needs, guessed from the files in its directory: a beginning for people. Pure.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace devenv::profiles {

struct ProjectGuess {
  std::vector<std::string> seen;                           ///< the files that said something
  std::vector<std::string> tools;                          ///< of tool_names()
  std::vector<std::string> packages;                       ///< that are called so everywhere
  std::vector<std::pair<std::string, std::string>> tasks;  ///< name and line for sh

  bool operator==(const ProjectGuess&) const = default;
};

/// `files` are the names in the directory.
ProjectGuess guess_project(const std::set<std::string>& files);

/// A devenv.toml. `base` and `name` may be "".
std::string project_text(const std::string& name,
                         const std::string& base,
                         const ProjectGuess& guess);

}  // namespace devenv::profiles

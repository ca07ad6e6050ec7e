// SPDX-License-Identifier: MIT
// Files of the host among the arguments of a command: what the user opens from a desktop.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace devenv::session {

/// Stands before and after them (%f, %U and so on of an exported desktop entry).
inline constexpr std::string_view kHostFilesMark = "@@host";

class HostFiles {
 public:
  /// Called on the host: takes the marks out of `command` and looks at the absolute paths and
  /// "file:" URIs between them.
  explicit HostFiles(std::vector<std::string>& command);

  /// Called inside, with the same command: a file that is not there under its own name gets the one
  /// below /run/host. One that is not there either keeps its own, for the program to complain.
  void name_inside(std::vector<std::string>& command) const;

 private:
  struct File {
    std::size_t argument = 0;
    std::size_t begin = 0;  ///< of the path or URI in the argument
    std::string path;       ///< on the host
    struct stat identity {};
  };
  std::vector<File> files_;
};

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
// Is told when a directory changes (inotify(7)).
#pragma once

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {

class DirectoryWatch {
 public:
  /// Errors: failed (errno EMFILE) when the user has too many of them.
  static Result<DirectoryWatch> create();

  /// What is made, written, renamed or removed in the directory that `directory` is open on (O_PATH
  /// will do) makes fd() readable. The same directory twice is once.
  Result<void> add(int directory);

  int fd() const { return fd_.get(); }
  /// Forgets what has happened up to now.
  void drain();

 private:
  explicit DirectoryWatch(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace devenv::sys

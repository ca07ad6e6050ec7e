// SPDX-License-Identifier: MIT
// Advisory locks that live as long as a descriptor.
#pragma once

#include <optional>
#include <string>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {

enum class LockMode { shared, exclusive };

/// Takes the exclusive lock of an open file, which has it until it is closed, unless another
/// process has it: false. Errors: failed with errno. Source: flock(2).
Result<bool> try_lock_open_file(int fd);

/// flock(2) on a file, made when it does not exist. The lock belongs to the open file description:
/// a child that inherits the descriptor keeps it, and the kernel gives it back when the last copy
/// is closed, however its owner ended.
class FileLock {
 public:
  /// Waits for the lock.
  static Result<FileLock> acquire(const std::string& path, LockMode mode);
  /// nullopt when another process has it.
  static Result<std::optional<FileLock>> try_acquire(const std::string& path, LockMode mode);
  /// As try_acquire, but the file has to be there. Errors: not_found.
  static Result<std::optional<FileLock>> try_acquire_existing(const std::string& path,
                                                              LockMode mode);

  int fd() const { return fd_.get(); }
  /// Gives the descriptor, and with it the lock, away.
  UniqueFd release() { return std::move(fd_); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  static Result<std::optional<FileLock>> try_open(const std::string& path,
                                                  LockMode mode,
                                                  int open_flags);
  UniqueFd fd_;
};

}  // namespace devenv::sys

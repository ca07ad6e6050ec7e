// SPDX-License-Identifier: MIT
#include "env/sys/file_lock.hpp"

#include <sys/file.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::sys {
namespace {

/// true when locked, false when it would have to wait.
Result<bool> lock(int fd, LockMode mode, int extra_flags, const std::string& path) {
  const int operation = (mode == LockMode::shared ? LOCK_SH : LOCK_EX) | extra_flags;
  while (::flock(fd, operation) == -1) {
    if (errno == EWOULDBLOCK) {
      return false;
    }
    if (errno != EINTR) {
      return fail_errno(errno, format("cannot lock '{}'", path));
    }
  }
  return true;
}

/// A lock file may have been replaced or removed (its directory renamed away by `rm`) while we
/// waited: a lock on the old file protects nothing.
Result<bool> is_current(int fd, const std::string& path) {
  TRY_ASSIGN(const struct stat ours, stat_fd(fd));
  TRY_ASSIGN(const auto theirs, stat_path(path));
  return theirs && theirs->st_dev == ours.st_dev && theirs->st_ino == ours.st_ino;
}

}  // namespace

Result<bool> try_lock_open_file(int fd) {
  return lock(fd, LockMode::exclusive, LOCK_NB, format("descriptor {}", fd));
}

Result<FileLock> FileLock::acquire(const std::string& path, LockMode mode) {
  while (true) {
    TRY_ASSIGN(UniqueFd fd, open_file(path, O_RDWR | O_CREAT, 0600));
    TRY(lock(fd.get(), mode, 0, path));
    TRY_ASSIGN(const bool current, is_current(fd.get(), path));
    if (current) {
      return FileLock(std::move(fd));
    }
  }
}

Result<std::optional<FileLock>> FileLock::try_acquire(const std::string& path, LockMode mode) {
  return try_open(path, mode, O_RDWR | O_CREAT);
}

Result<std::optional<FileLock>> FileLock::try_acquire_existing(const std::string& path,
                                                               LockMode mode) {
  return try_open(path, mode, O_RDWR);
}

Result<std::optional<FileLock>> FileLock::try_open(const std::string& path,
                                                   LockMode mode,
                                                   int open_flags) {
  while (true) {
    TRY_ASSIGN(UniqueFd fd, open_file(path, open_flags, 0600));
    TRY_ASSIGN(const bool locked, lock(fd.get(), mode, LOCK_NB, path));
    if (!locked) {
      return std::nullopt;
    }
    TRY_ASSIGN(const bool current, is_current(fd.get(), path));
    if (current) {
      return std::optional<FileLock>(FileLock(std::move(fd)));
    }
  }
}

}  // namespace devenv::sys

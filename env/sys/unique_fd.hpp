// SPDX-License-Identifier: MIT
// An owned file descriptor.
#pragma once

#include <utility>

namespace devenv::sys {

/// Closes its descriptor; move only; no implicit conversion to int.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset(other.release());
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// Gives the descriptor away.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  /// Closes the descriptor, if any, and takes `fd`. errno is preserved.
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace devenv::sys

// SPDX-License-Identifier: MIT
// The one error value of the program: what failed, why, and what to type next.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace devenv {

/// What kind of failure it is, for programs: branching, exit codes, JSON.
enum class ErrorCode {
  failed,       ///< anything without a better code
  usage,        ///< the caller asked for something malformed
  not_found,    ///< no such environment, image, profile, command
  conflict,     ///< exists already, in use, locked
  unsupported,  ///< this host cannot
  network,      ///< network or registry
  integrity,    ///< digest, size or signature mismatch; hostile or damaged input
  interrupted,  ///< the user or the system asked us to stop
};

/// The stable name used in JSON: "not_found", "conflict"...
std::string_view to_string(ErrorCode code);

/// The inverse of to_string; `failed` for a name that is not known.
ErrorCode error_code_from_string(std::string_view name);

/// An immutable failure. Copies share the cause chain.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message);

  /// An error from a failed system call; ": <strerror>" is appended to `message`.
  ///
  /// The code is chosen from the errno: ENOENT and ESRCH not_found, EEXIST and EBUSY conflict,
  /// ENOSYS and EOPNOTSUPP unsupported, otherwise failed. Pass an errno saved right after the call.
  static Error from_errno(int saved_errno, std::string message);

  /// An error put together again from its parts, as it comes from another process.
  static Error restored(
      ErrorCode code, int sys_errno, std::string message, std::string hint, const Error* cause);

  /// Wraps this error: `message` says what could not be done, this error becomes the cause.
  /// Code and hint stay unless set anew.
  Error context(std::string message) const;

  /// What the user should type or look at next. Never anything destructive.
  Error with_hint(std::string hint) const;
  Error with_code(ErrorCode code) const;

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  /// 0 when no system call was involved.
  int sys_errno() const { return sys_errno_; }
  const Error* cause() const { return cause_.get(); }
  const std::string& hint() const { return hint_; }

  /// All messages on one line, outermost first, joined by ": ". For logs and tests.
  std::string to_line() const;

 private:
  ErrorCode code_;
  int sys_errno_ = 0;
  std::string message_;
  std::string hint_;
  std::shared_ptr<const Error> cause_;
};

}  // namespace devenv

// SPDX-License-Identifier: MIT
#include "env/base/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace devenv {
namespace {

constexpr std::array<std::pair<ErrorCode, std::string_view>, 8> kNames = {{
    {ErrorCode::failed, "failed"},
    {ErrorCode::usage, "usage"},
    {ErrorCode::not_found, "not_found"},
    {ErrorCode::conflict, "conflict"},
    {ErrorCode::unsupported, "unsupported"},
    {ErrorCode::network, "network"},
    {ErrorCode::integrity, "integrity"},
    {ErrorCode::interrupted, "interrupted"},
}};

ErrorCode code_of_errno(int saved_errno) {
  switch (saved_errno) {
    case ENOENT:
    case ESRCH:
      return ErrorCode::not_found;
    case EEXIST:
    case EBUSY:
      return ErrorCode::conflict;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::unsupported;
    default:
      return ErrorCode::failed;
  }
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  for (const auto& [value, name] : kNames) {
    if (value == code) {
      return name;
    }
  }
  return "failed";
}

ErrorCode error_code_from_string(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) {
      return value;
    }
  }
  return ErrorCode::failed;
}

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

Error Error::from_errno(int saved_errno, std::string message) {
  // strerrordesc_np is thread-safe and not translated, so messages are the same everywhere.
  const char* description = strerrordesc_np(saved_errno);
  Error error(code_of_errno(saved_errno),
              std::move(message) + ": " + (description != nullptr ? description : "unknown error"));
  error.sys_errno_ = saved_errno;
  return error;
}

Error Error::restored(
    ErrorCode code, int sys_errno, std::string message, std::string hint, const Error* cause) {
  Error error(code, std::move(message));
  error.sys_errno_ = sys_errno;
  error.hint_ = std::move(hint);
  if (cause != nullptr) {
    error.cause_ = std::make_shared<const Error>(*cause);
  }
  return error;
}

Error Error::context(std::string message) const {
  Error outer(code_, std::move(message));
  outer.sys_errno_ = sys_errno_;
  outer.hint_ = hint_;
  outer.cause_ = std::make_shared<const Error>(*this);
  return outer;
}

Error Error::with_hint(std::string hint) const {
  Error copy = *this;
  copy.hint_ = std::move(hint);
  return copy;
}

Error Error::with_code(ErrorCode code) const {
  Error copy = *this;
  copy.code_ = code;
  return copy;
}

std::string Error::to_line() const {
  std::string line = message_;
  for (const Error* inner = cause(); inner != nullptr; inner = inner->cause()) {
    line += ": " + inner->message();
  }
  return line;
}

}  // namespace devenv

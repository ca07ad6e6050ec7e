// SPDX-License-Identifier: MIT
// Result<T>: a value or an Error. TRY and TRY_ASSIGN pass the error up.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "env/base/error.hpp"

namespace devenv {

template <typename T>
using Result = tl::expected<T, Error>;

/// The error side of a Result: `return fail(ErrorCode::usage, "...")` or `return fail(error)`.
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}
inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}
/// From a system call: pass the errno saved right after it.
inline tl::unexpected<Error> fail_errno(int saved_errno, std::string message) {
  return tl::unexpected<Error>(Error::from_errno(saved_errno, std::move(message)));
}

}  // namespace devenv

#define DEVENV_CONCAT_INNER(a, b) a##b
#define DEVENV_CONCAT(a, b) DEVENV_CONCAT_INNER(a, b)

/// Evaluates a Result<...>; on error returns it from the enclosing function.
#define TRY(expression)                                     \
  do {                                                      \
    if (auto&& try_result = (expression); !try_result) {    \
      return ::devenv::fail(std::move(try_result).error()); \
    }                                                       \
  } while (false)

/// Like TRY, wrapping the error with `message` (what could not be done).
#define TRY_CONTEXT(expression, message)                                     \
  do {                                                                       \
    if (auto&& try_result = (expression); !try_result) {                     \
      return ::devenv::fail(std::move(try_result).error().context(message)); \
    }                                                                        \
  } while (false)

#define DEVENV_TRY_ASSIGN(result, declaration, expression) \
  auto result = (expression);                              \
  if (!result) {                                           \
    return ::devenv::fail(std::move(result).error());      \
  }                                                        \
  declaration = std::move(*result)

/// TRY_ASSIGN(auto fd, open_at(...)): declares `fd` or returns the error. Several statements.
#define TRY_ASSIGN(declaration, expression) \
  DEVENV_TRY_ASSIGN(DEVENV_CONCAT(try_assign_, __LINE__), declaration, expression)

#define DEVENV_TRY_ASSIGN_CONTEXT(result, declaration, expression, message) \
  auto result = (expression);                                               \
  if (!result) {                                                            \
    return ::devenv::fail(std::move(result).error().context(message));      \
  }                                                                         \
  declaration = std::move(*result)

#define TRY_ASSIGN_CONTEXT(declaration, expression, message) \
  DEVENV_TRY_ASSIGN_CONTEXT(DEVENV_CONCAT(try_assign_, __LINE__), declaration, expression, message)

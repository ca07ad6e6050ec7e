// SPDX-License-Identifier: MIT
#include "env/base/error.hpp"

#include <doctest/doctest.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/result.hpp"

using devenv::Error;
using devenv::ErrorCode;
using devenv::fail;
using devenv::fail_errno;
using devenv::Result;

TEST_CASE("error: every code has a name that leads back to it") {
  for (const ErrorCode code :
       {ErrorCode::failed, ErrorCode::usage, ErrorCode::not_found, ErrorCode::conflict,
        ErrorCode::unsupported, ErrorCode::network, ErrorCode::integrity, ErrorCode::interrupted}) {
    CHECK(devenv::error_code_from_string(devenv::to_string(code)) == code);
  }
  CHECK(devenv::error_code_from_string("no such code") == ErrorCode::failed);
  CHECK(devenv::to_string(ErrorCode::not_found) == "not_found");
}

TEST_CASE("error: the errno chooses the code and is appended as text") {
  struct Row {
    int saved_errno;
    ErrorCode code;
    const char* message;
  };
  for (const Row& row : {
           Row{ENOENT, ErrorCode::not_found, "cannot open 'x': No such file or directory"},
           Row{ESRCH, ErrorCode::not_found, "cannot open 'x': No such process"},
           Row{EEXIST, ErrorCode::conflict, "cannot open 'x': File exists"},
           Row{EBUSY, ErrorCode::conflict, "cannot open 'x': Device or resource busy"},
           Row{ENOSYS, ErrorCode::unsupported, "cannot open 'x': Function not implemented"},
           Row{EACCES, ErrorCode::failed, "cannot open 'x': Permission denied"},
           Row{99999, ErrorCode::failed, "cannot open 'x': unknown error"},
       }) {
    const Error error = Error::from_errno(row.saved_errno, "cannot open 'x'");
    CHECK(error.code() == row.code);
    CHECK(error.message() == row.message);
    CHECK(error.sys_errno() == row.saved_errno);
  }
}

TEST_CASE("error: context keeps code, errno and hint and makes the old error the cause") {
  const Error inner = Error::from_errno(ENOENT, "cannot open 'spec.json'")
                          .with_hint("create it with `devenv create`");
  const Error outer = inner.context("cannot read environment 'web'");
  CHECK(outer.code() == ErrorCode::not_found);
  CHECK(outer.sys_errno() == ENOENT);
  CHECK(outer.hint() == "create it with `devenv create`");
  REQUIRE(outer.cause() != nullptr);
  CHECK(outer.cause()->message() == inner.message());
  CHECK(outer.to_line() ==
        "cannot read environment 'web': cannot open 'spec.json': No such file or directory");
  CHECK(outer.with_code(ErrorCode::integrity).code() == ErrorCode::integrity);
  CHECK(inner.cause() == nullptr);
}

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) {
    return fail(ErrorCode::usage, devenv::format("{} is odd", number));
  }
  return number / 2;
}

Result<int> quarter(int number) {
  TRY_ASSIGN_CONTEXT(const int once, half(number), "cannot halve once");
  TRY_ASSIGN(const int twice, half(once));
  return twice;
}

Result<void> check_quarter(int number) {
  TRY_CONTEXT(quarter(number), "cannot check");
  TRY(half(number));
  return {};
}

}  // namespace

TEST_CASE("result: TRY macros pass values on and errors up") {
  CHECK(quarter(8) == 2);
  CHECK(quarter(6).error().to_line() == "3 is odd");
  CHECK(quarter(5).error().to_line() == "cannot halve once: 5 is odd");
  CHECK(check_quarter(4));
  CHECK(check_quarter(2).error().to_line() == "cannot check: 1 is odd");
  const Result<int> failed = fail_errno(EPERM, "cannot do it");
  CHECK(failed.error().sys_errno() == EPERM);
}

TEST_CASE("format: joins parts") {
  CHECK(devenv::join({}, ", ").empty());
  CHECK(devenv::join({"a"}, ", ") == "a");
  CHECK(devenv::join({"a", "b", "a"}, ", ") == "a, b, a");
}

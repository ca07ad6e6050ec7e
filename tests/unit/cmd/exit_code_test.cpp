// SPDX-License-Identifier: MIT
#include "cmd/exit_code.hpp"

#include <doctest/doctest.h>

#include <cerrno>

namespace devenv::cmd {
namespace {

TEST_CASE("exit code: every kind of error has its own") {
  struct Case {
    ErrorCode code;
    int wanted;
  };
  for (const Case& each : {
           Case{ErrorCode::failed, 1},
           Case{ErrorCode::usage, 2},
           Case{ErrorCode::not_found, 3},
           Case{ErrorCode::conflict, 4},
           Case{ErrorCode::unsupported, 5},
           Case{ErrorCode::network, 6},
           Case{ErrorCode::integrity, 7},
           Case{ErrorCode::interrupted, 130},
       }) {
    CAPTURE(to_string(each.code));
    CHECK(static_cast<int>(exit_code_of(each.code)) == each.wanted);
  }
}

TEST_CASE("exit code: of a command that could not be started") {
  const auto code = [](const Error& error) {
    return static_cast<int>(exit_code_of_command(error));
  };
  CHECK(code(Error::from_errno(ENOENT, "cannot run 'x'")) == 127);
  CHECK(code(Error(ErrorCode::not_found, "cannot run 'x'")) == 127);
  CHECK(code(Error::from_errno(EACCES, "cannot run 'x'")) == 126);
  CHECK(code(Error::from_errno(ENOEXEC, "cannot run 'x'")) == 126);
  CHECK(code(Error::from_errno(E2BIG, "cannot run 'x'")) == 125);
  CHECK(code(Error(ErrorCode::failed, "no")) == 125);
  // Entering itself failed, whatever the reason: the command was not even looked for.
  CHECK(code(Error::from_errno(ENOENT, "cannot join").context("cannot enter 'web'")) == 125);
}

}  // namespace
}  // namespace devenv::cmd

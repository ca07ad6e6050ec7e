// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cerrno>
#include <vector>

#include "env/sandbox/user_namespace.hpp"

using devenv::Error;
using devenv::ErrorCode;
using devenv::sandbox::decode_error;
using devenv::sandbox::encode_error;

namespace {

void check_same(const Error* actual, const Error* expected) {
  while (expected != nullptr) {
    REQUIRE(actual != nullptr);
    CHECK(actual->code() == expected->code());
    CHECK(actual->message() == expected->message());
    CHECK(actual->hint() == expected->hint());
    CHECK(actual->sys_errno() == expected->sys_errno());
    actual = actual->cause();
    expected = expected->cause();
  }
  CHECK(actual == nullptr);
}

}  // namespace

TEST_CASE("error pipe: an error comes out as it went in") {
  const std::vector<Error> errors = {
      Error(ErrorCode::failed, ""),
      Error(ErrorCode::integrity, "two\nlines: \"quoted\" \\ and \xc3\xa9"),
      Error(ErrorCode::unsupported, "no").with_hint("do this"),
      Error::from_errno(EPERM, "cannot mount"),
      Error::from_errno(ENOENT, "cannot open 'x'")
          .with_hint("inner hint")
          .context("cannot start")
          .with_code(ErrorCode::conflict)
          .with_hint("outer hint")
          .context("cannot enter"),
  };
  for (const Error& error : errors) {
    CAPTURE(error.to_line());
    const Error decoded = decode_error(encode_error(error));
    check_same(&decoded, &error);
  }
}

TEST_CASE("error pipe: bytes that are no error give one that says so") {
  const std::string whole = encode_error(Error(ErrorCode::usage, "text"));
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string(3, '\0'), whole.substr(0, whole.size() - 1),
        whole + "x", whole.substr(1 + whole.find('\0'))}) {
    CAPTURE(bytes);
    const Error error = decode_error(bytes);
    CHECK(error.code() == ErrorCode::failed);
    CHECK(error.message() == "a child process failed without saying why");
  }
}

TEST_CASE("error pipe: an unknown code and a bad number are read as plain failure") {
  const Error error = decode_error(std::string("novel\0abc\0message\0\0", 19));
  CHECK(error.code() == ErrorCode::failed);
  CHECK(error.sys_errno() == 0);
  CHECK(error.message() == "message");
}

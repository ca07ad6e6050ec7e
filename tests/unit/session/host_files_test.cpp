// SPDX-License-Identifier: MIT
#include "env/session/host_files.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "env/session/plan.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::session {
namespace {

using Words = std::vector<std::string>;

/// The command without marks, as it is on the host.
Words unmarked(Words command) {
  const HostFiles files(command);
  return command;
}

}  // namespace

TEST_CASE("host files: marks go, whatever is between them") {
  CHECK(unmarked({}).empty());
  CHECK(unmarked({"app", "@@host", "@@host"}) == Words{"app"});
  CHECK(unmarked({"app", "@@host"}) == Words{"app"});
  CHECK(unmarked({"app", "-f", "@@host", "/none", "https://a/b", "", "@@host", "-x", "@@host ",
                  "x@@host"}) ==
        Words{"app", "-f", "/none", "https://a/b", "", "-x", "@@host ", "x@@host"});
}

TEST_CASE("host files: what is there under its own name keeps it") {
  const test::Scratch scratch;
  const std::string path = scratch / "a %41 b";
  REQUIRE(sys::write_file_atomic(path, ""));
  const std::string escaped = scratch / "a%20%2541%20b";
  Words command = {
      "app",   "@@host", path, "file://" + escaped, "file://localhost" + escaped, "file:" + escaped,
      "@@host"};
  const HostFiles files(command);
  const Words before = command;
  CHECK(before.size() == 5);
  files.name_inside(command);
  CHECK(command == before);
}

TEST_CASE("host files: another file of the same name inside is not taken for it") {
  // Here is no /run/host: a file that is gone keeps its name, so that the program says which.
  const test::Scratch scratch;
  const std::string path = scratch / "file";
  REQUIRE(sys::write_file_atomic(path, "host"));
  Words command = {"app", "@@host", path, "@@host"};
  const HostFiles files(command);
  REQUIRE(sys::write_file_atomic(path, "another"));
  files.name_inside(command);
  CHECK(command == Words{"app", path});
}

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
#include "env/sys/give_up_writing.hpp"

#include <doctest/doctest.h>

#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::sys {
namespace {

constexpr int kNoLandlock = 77;

/// The code that `body` ends with in a process that has given up writing.
int in_reader(const std::function<int()>& body) {
  auto child = fork_child(0, [&] {
    const auto done = give_up_writing();
    return !done ? 99 : !*done ? kNoLandlock : body();
  });
  REQUIRE(child);
  const auto status = child->wait();
  REQUIRE(status);
  CHECK(status->signal == 0);
  return status->code;
}

TEST_CASE("give up writing: files are neither made nor changed nor removed, and still read") {
  const test::Scratch scratch;
  const std::string file = scratch / "file";
  REQUIRE(write_file_atomic(file, "text"));
  auto open = open_file(file, O_RDWR | O_APPEND);
  REQUIRE(open);
  const int code = in_reader([&] {
    const bool refused = !open_file(scratch / "new", O_WRONLY | O_CREAT) &&
                         !open_file(file, O_WRONLY) && !remove_file(file) &&
                         !make_directories(scratch / "directory") &&
                         !rename_path(file, scratch / "other");
    const bool read = read_file(file).value_or("") == "text";
    // What was open before stays as it was: a pipe to write to, above all.
    const bool written = write_all(open->get(), " more").has_value();
    return refused && read && written ? 0 : 1;
  });
  CHECK((code == 0 || code == kNoLandlock));
  CHECK(read_file(file).value_or("").starts_with("text"));
  CHECK(!exists(scratch / "new"));
}

TEST_CASE("give up writing: also for programs that are started") {
  const test::Scratch scratch;
  const int code = in_reader([&] {
    const auto run =
        run_captured({.argv = {"sh", "-c", "echo said; : >\"$1\"", "sh", scratch / "new"}});
    return run && run->out == "said\n" && !run->status.success() ? 0 : 1;
  });
  CHECK((code == 0 || code == kNoLandlock));
  CHECK(!exists(scratch / "new"));
}

}  // namespace
}  // namespace devenv::sys

// SPDX-License-Identifier: MIT
#include "env/session/subordinate_ids.hpp"

#include <doctest/doctest.h>

namespace devenv::session {
namespace {

using sandbox::IdExtent;

const std::vector<IdExtent> kUsual = {{0, 100000, 1000}, {1000, 1000, 1}, {1001, 101000, 64536}};
constexpr const char* kAdded = "ann:1:999\nann:1001:64536\n";

std::string edit(const std::string& contents, std::uint32_t own, const std::vector<IdExtent>& map) {
  sys::User user;
  user.name = "ann";
  user.uid = HostUid(1000);
  return edit_subordinate_ids(contents, user, own, map);
}

struct Case {
  const char* subject;
  std::string before;
  std::string after;
};

TEST_CASE("subordinate ids: lines of the file") {
  const std::string added = kAdded;
  const Case cases[] = {
      {"are added", "", added},
      {"leave others alone", "# x\nbob:100000:65536\n", "# x\nbob:100000:65536\n" + added},
      {"replace what is not inside", "ann:100000:65536\nbob:1:1\n", "bob:1:1\n" + added},
      {"replace what is named by number", "1000:100000:65536\n", added},
      {"replace what is only partly inside", "ann:2000:65536\n", added},
      {"replace what has the user's own id in it", "ann:500:1000\n", added},
      {"replace malformed ones", "ann:1\nann:x:1\nann:1:1:1\n", added},
      {"are kept where they are inside", "ann:2000:60000\n", "ann:2000:60000\n"},
      {"after a line without a newline", "bob:1:1", "bob:1:1\n" + added},
  };
  for (const Case& example : cases) {
    CAPTURE(example.subject);
    const std::string after = edit(example.before, 1000, kUsual);
    CHECK(after == example.after);
    CHECK(edit(after, 1000, kUsual) == after);
  }
}

TEST_CASE("subordinate ids: maps") {
  CHECK(edit("", 1000, {{1000, 1000, 1}}).empty());
  CHECK(edit("", 70000, {{0, 100000, 65536}, {70000, 70000, 1}}) == "ann:1:65535\n");
  // What is adjacent is one range, however it came about, and in whatever order.
  CHECK(edit("", 5, {{6, 300000, 4}, {10, 400000, 10}, {5, 5, 1}, {0, 200000, 5}}) ==
        "ann:1:4\nann:6:14\n");
  CHECK(edit("", 1, {{0, 100000, 1}, {1, 1, 1}, {2, 100001, 9}}) == "ann:2:9\n");
}

}  // namespace
}  // namespace devenv::session

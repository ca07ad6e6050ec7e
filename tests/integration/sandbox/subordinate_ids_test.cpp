// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "env/sandbox/id_map.hpp"
#include "env/sandbox/libsubid.hpp"
#include "env/sys/file.hpp"
#include "env/sys/users.hpp"
#include "tests/integration/sandbox/fixture.hpp"

using namespace devenv;
using namespace devenv::sandbox;

TEST_CASE("libsubid: gives what the files say where no other provider is named") {
  const auto user = sys::current_user();
  REQUIRE(user);
  const auto from_library = ranges_from_libsubid(user->name, IdKind::user);
  if (!from_library) {
    MESSAGE("SKIP: no libsubid, or no ranges for this user");
    return;
  }
  const auto file = sys::read_file("/etc/subuid");
  REQUIRE(file);
  CHECK(*from_library == parse_subordinate_ranges(*file, user->name, user->uid.get()));
}

TEST_CASE("libsubid: a user nobody knows has no ranges") {
  const auto ranges = ranges_from_libsubid("no-such-user", IdKind::group);
  CHECK((!ranges || ranges->empty()));
}

TEST_CASE("id map of the caller: keeps the caller's own ids") {
  const auto user = sys::current_user();
  REQUIRE(user);
  const IdMap map = sandbox::testing::own_map();
  bool keeps_uid = false;
  for (const IdExtent& extent : map.uids) {
    const std::uint32_t uid = user->uid.get();
    keeps_uid = keeps_uid || (extent.inside <= uid && uid - extent.inside < extent.count &&
                              extent.outside + (uid - extent.inside) == uid);
  }
  CHECK(keeps_uid);
}

TEST_CASE("id map of the caller: a user without ranges is told the command") {
  auto user = sys::current_user();
  REQUIRE(user);
  if (user->uid == HostUid(0)) {
    return;  // root needs none
  }
  user->name = "nobody's name";
  user->uid = HostUid(4'000'000'000);
  const auto map = id_map_for_caller(*user);
  REQUIRE_FALSE(map);
  CHECK(map.error().code() == ErrorCode::unsupported);
  CHECK(map.error().message() == "user 'nobody's name' has no subordinate user ids");
  CHECK(map.error().hint().find("sudo tee -a /etc/subuid /etc/subgid") != std::string::npos);
  CHECK(map.error().hint().find("'nobody'\\''s name':") != std::string::npos);
}

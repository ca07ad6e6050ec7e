// SPDX-License-Identifier: MIT
#include "env/session/scope.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"

namespace {

using namespace devenv::session;

}  // namespace

TEST_CASE("scope: which processes end with a service") {
  struct Row {
    const char* path;
    bool wanted;
  };
  const Row rows[] = {
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/app.service", true},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/run-u7.service/below", true},
      {"/system.slice/cron.service", true},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-term@1.service", true},
      {"/user.slice/user-1000.slice/session-3.scope", false},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope", false},
      {"/user.slice/user-1000.slice/user@1000.service/init.scope", false},
      {"/user.slice/user-1000.slice/user@1000.service", false},
      {"/system.slice/x.service/y.scope", false},
      {"/", false},
      {"/docker/0123.service.d", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CHECK_EQ(belongs_to_service(devenv::format("0::{}\n", row.path)), row.wanted);
    CHECK_EQ(belongs_to_service(devenv::format("1:name=systemd:/x.service\n0::{}\n", row.path)),
             row.wanted);
  }
  CHECK_FALSE(belongs_to_service(""));
  CHECK_FALSE(belongs_to_service("4:memory:/system.slice/x.service\n"));
}

TEST_CASE("scope: what the manager is asked for") {
  const auto words = scope_request(scope_name("box", 12), "box", {12, 15});
  CHECK_EQ(devenv::join(words, " "),
           "--user --quiet --timeout=5 call org.freedesktop.systemd1 /org/freedesktop/systemd1 "
           "org.freedesktop.systemd1.Manager StartTransientUnit ssa(sv)a(sa(sv)) "
           "devenv-box-12.scope fail 3 Description s devenv environment box CollectMode s "
           "inactive-or-failed PIDs au 2 12 15 0");
}

// SPDX-License-Identifier: MIT
#include "env/session/host_paths.hpp"

#include <doctest/doctest.h>

namespace devenv::session {
namespace {

TEST_CASE("host paths: those that are not the same inside lead below /run/host") {
  SamePaths same;
  same.add("/tmp");
  same.add("/home/ann");
  struct Case {
    const char* value;
    const char* reached;
  };
  for (const Case& each : {
           Case{"/tmp/x", "/tmp/x"},
           Case{"/tmpx", "/run/host/tmpx"},
           Case{"/home/ann", "/home/ann"},
           Case{"/home/anna/.Xauthority", "/run/host/home/anna/.Xauthority"},
           Case{"/run/host/etc/x", "/run/host/etc/x"},
           Case{"/run/hosted/x", "/run/host/run/hosted/x"},
           Case{"wayland-0", "wayland-0"},
           Case{"", ""},
           Case{"unix:path=/run/bus,guid=1;unix:path=/tmp/y",
                "unix:path=/run/host/run/bus,guid=1;unix:path=/tmp/y"},
           Case{"unix:abstract=/var/dbus", "unix:abstract=/var/dbus"},
           Case{"local/box:@/var/.ICE/1,unix/box:/tmp/.ICE/1",
                "local/box:@/var/.ICE/1,unix/box:/tmp/.ICE/1"},
           Case{"FILE:/etc/krb5cc", "FILE:/run/host/etc/krb5cc"},
           Case{"tcp:host/a/b", "tcp:host/a/b"},
       }) {
    CHECK(reach_host(each.value, same) == each.reached);
  }
}

}  // namespace
}  // namespace devenv::session

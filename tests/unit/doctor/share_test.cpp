// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <map>

#include "tests/unit/doctor/verdict_text.hpp"

namespace devenv::doctor {
namespace {

std::map<std::string, std::string> g_variables;

std::string variable(const char* name) {
  const auto found = g_variables.find(name);
  return found == g_variables.end() ? "" : found->second;
}

/// The socket of a share when one variable is set.
std::string socket_of(std::string_view share, const std::string& name, const std::string& value) {
  g_variables = {{name, value}};
  const auto server = find_server(share, "/run/user/1", variable);
  return server ? server->socket : "no server";
}

host::ShareStatus share(std::string_view name, bool on, std::string reason) {
  return {
      .share = host::find_share(name), .on = on, .is_wanted = true, .reason = std::move(reason)};
}

ServerFacts named(std::string socket, sys::SocketState state) {
  return {.variable = "DISPLAY", .value = ":7", .socket = std::move(socket), .state = state};
}

}  // namespace

TEST_CASE("share: where programs look for its server") {
  struct Row {
    const char* share;
    const char* variable;
    const char* value;
    const char* socket;
  };
  for (const Row& row : {
           Row{"display-x11", "DISPLAY", ":0", "/tmp/.X11-unix/X0"},
           Row{"display-x11", "DISPLAY", "unix:12.1", "/tmp/.X11-unix/X12"},
           Row{"display-x11", "DISPLAY", "localhost:10.0", ""},
           Row{"display-x11", "DISPLAY", ":/../x", ""},
           Row{"display-x11", "DISPLAY", "", ""},
           Row{"display-wayland", "WAYLAND_DISPLAY", "wayland-1", "/run/user/1/wayland-1"},
           Row{"display-wayland", "WAYLAND_DISPLAY", "/x/way", "/x/way"},
           Row{"display-wayland", "WAYLAND_DISPLAY", "", "/run/user/1/wayland-0"},
           Row{"audio-pulse", "PULSE_SERVER", "{9f}unix:/a/b tcp:c", "/a/b"},
           Row{"audio-pulse", "PULSE_SERVER", "tcp:host", ""},
           Row{"audio-pulse", "PULSE_SERVER", "", "/run/user/1/pulse/native"},
           Row{"dbus-session", "DBUS_SESSION_BUS_ADDRESS", "unix:path=/b,guid=1;tcp:x", "/b"},
           Row{"dbus-session", "DBUS_SESSION_BUS_ADDRESS", "unix:guid=1,abstract=/tmp/d",
               "@/tmp/d"},
           Row{"dbus-session", "DBUS_SESSION_BUS_ADDRESS", "unix:path=/a%20b%2F,x=1", "/a b/"},
           Row{"dbus-session", "DBUS_SESSION_BUS_ADDRESS", "autolaunch:", ""},
           Row{"ssh-agent", "SSH_AUTH_SOCK", "/tmp/a", "/tmp/a"},
           Row{"gpg-agent", "GPG_AGENT_INFO", "x", "/run/user/1/gnupg/S.gpg-agent"},
           Row{"home", "HOME", "/x", "no server"},
       }) {
    CAPTURE(row.share);
    CAPTURE(row.value);
    CHECK(socket_of(row.share, row.variable, row.value) == row.socket);
  }
}

TEST_CASE("share: what is not there is off, what was promised and is not there is a warning") {
  using State = sys::SocketState;
  const auto on = share("display-x11", true, "");
  CHECK(line(judge_share(on, named("/x/X7", State::answers))) == "pass: /x/X7");
  CHECK(line(judge_share(on, named("/x/X7", State::missing))) ==
        "warn: DISPLAY is ':7', but there is no '/x/X7' "
        "[open a new terminal in the session of today, or: unset DISPLAY]");
  CHECK(line(judge_share(on, named("/x/X7", State::no_answer))) ==
        "warn: DISPLAY is ':7', but nobody answers at '/x/X7' "
        "[open a new terminal in the session of today, or: unset DISPLAY]");
  CHECK(line(judge_share(on, named("", State::missing))) == "pass: DISPLAY is ':7'");
  CHECK(line(judge_share(on, ServerFacts{.variable = "DISPLAY"})) == "off: DISPLAY is not set");
  CHECK(line(judge_share(share("kvm", true, ""), std::nullopt)) ==
        "pass: virtual machines with hardware support");
  CHECK(line(judge_share(share("kvm", false, "the host has no /dev/kvm"), std::nullopt)) ==
        "off: the host has no /dev/kvm");

  auto refused = share("display-x11", false, "switched off");
  refused.is_wanted = false;
  CHECK(line(judge_share(refused, named("/x/X7", State::missing))) == "off: switched off");
  const auto absent = share("display-x11", false, "the host has no /tmp/.X11-unix");
  CHECK(judge_share(absent, named("/x/X7", State::missing)).status == Status::warn);
  CHECK(line(judge_share(absent, ServerFacts{.socket = "/x"})) ==
        "off: the host has no /tmp/.X11-unix");

  const ServerFacts usual{.socket = "/r/bus", .state = State::no_answer};
  CHECK(line(judge_share(share("dbus-session", true, ""), usual)) ==
        "warn: nobody answers at '/r/bus' [its server has ended: start it again]");
  CHECK(line(judge_share(share("gpg-agent", true, ""), ServerFacts{.socket = "/r/g"})) ==
        "off: there is no '/r/g'");
}

TEST_CASE("layers: all there, or which image brings them back") {
  CHECK(line(judge_layers(0, 3, "docker.io/library/debian:12")) ==
        "pass: docker.io/library/debian:12, layers: 3");
  CHECK(line(judge_layers(1, 3, "debian:12")) ==
        "fail: 1 of the 3 layers of debian:12 are missing [devenv image pull debian:12]");
  CHECK(line(judge_layers(2, 2, "localhost/a:latest")) ==
        "fail: 2 of the 2 layers of localhost/a:latest are missing "
        "[make it anew: devenv rm, then devenv create]");
}

}  // namespace devenv::doctor

// SPDX-License-Identifier: MIT
#include "env/export/bus_service.hpp"

#include <doctest/doctest.h>

using devenv::exporting::rewrite_bus_service;

TEST_CASE("bus service: its own command behind the prefix, and nothing of systemd") {
  const auto rewritten = rewrite_bus_service(
      "org.example.App",
      "# comment\n\n[D-BUS Service]\n Name = org.example.App \nExec=/usr/bin/app "
      "--gapplication-service 'a b'\n"
      "User=root\nSystemdService=app.service\nAssumedAppArmorLabel=x\n[Other]\nName=no\nExec=no\n",
      {"/usr/bin/devenv", "run", "it's", "--"});
  REQUIRE(rewritten);
  CHECK(*rewritten ==
        "# Made by devenv\n[D-BUS Service]\nName=org.example.App\n"
        "Exec=/usr/bin/devenv run 'it'\\''s' -- /usr/bin/app --gapplication-service 'a b'\n");
}

TEST_CASE("bus service: what is none") {
  for (const char* text : {"", "Name=a\nExec=b\n", "[D-BUS Service]\nExec=b\n",
                           "[D-BUS Service]\nName=\nExec=b\n", "[D-BUS Service]\nName=b\nExec=b\n",
                           "[D-BUS Service]\n#Name=a\nExec=b\n", "[Other]\nName=a\nExec=b\n"}) {
    CAPTURE(text);
    const auto rewritten = rewrite_bus_service("a", text, {"devenv"});
    REQUIRE_FALSE(rewritten);
    CHECK(rewritten.error().message().starts_with("the activation file of 'a' is for '"));
  }
  const auto rewritten = rewrite_bus_service("a", "[D-BUS Service]\nName=a\n", {"devenv"});
  REQUIRE_FALSE(rewritten);
  CHECK(rewritten.error().message() == "the activation file has no Exec");
}

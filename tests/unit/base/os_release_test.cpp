// SPDX-License-Identifier: MIT
#include "env/base/os_release.hpp"

#include <doctest/doctest.h>

namespace devenv {

TEST_CASE("os-release: by the whole name, without quotes and escapes") {
  const char* text =
      "# ID=comment\nID=debian\nVERSION_CODENAME=\"bookworm\"\nNAME='Debian GNU/Linux'\nIDX=no\n"
      "PRETTY_NAME=\"a \\\"b\\\" \\$c\" \nEMPTY=\nNO EQUALS\nOPEN=\"x\n";
  CHECK(os_release_value(text, "ID") == "debian");
  CHECK(os_release_value(text, "VERSION_CODENAME") == "bookworm");
  CHECK(os_release_value(text, "NAME") == "Debian GNU/Linux");
  CHECK(os_release_value(text, "PRETTY_NAME") == "a \"b\" $c");
  CHECK(os_release_value(text, "EMPTY") == "");
  CHECK(os_release_value(text, "OPEN") == "\"x");
  CHECK(os_release_value(text, "VERSION") == "");
  CHECK(os_release_value("", "ID") == "");
}

}  // namespace devenv

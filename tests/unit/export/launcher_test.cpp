// SPDX-License-Identifier: MIT
#include "env/export/launcher.hpp"

#include <doctest/doctest.h>

#include "env/export/desktop_entry.hpp"

namespace {

using namespace devenv::exporting;

LauncherInput input(const std::string& os_release = "") {
  return {.environment_name = "fedora",
          .program = "/opt/my apps/100%/devenv",
          .label = "",
          .os_release = os_release,
          .icon = "devenv-fedora"};
}

}  // namespace

TEST_CASE("launcher: the entry, word for word") {
  CHECK(launcher_entry(input("NAME=Fedora\nPRETTY_NAME=\"Fedora 43\"\n")) == R"([Desktop Entry]
Type=Application
Version=1.4
Name=fedora
Comment=A terminal in Fedora 43
Exec="/opt/my apps/100%%/devenv" enter --desktop fedora
TryExec=/opt/my apps/100%/devenv
Icon=devenv-fedora
Terminal=true
Categories=System;TerminalEmulator;
Keywords=devenv;shell;
Actions=stop;
X-Devenv-Environment=fedora

[Desktop Action stop]
Name=Stop
Exec="/opt/my apps/100%%/devenv" stop fedora
)");
}

TEST_CASE("launcher: texts of other people are text") {
  LauncherInput hostile = input("PRETTY_NAME=\"a\\nb\x1b[0m\\\"\"\n");
  hostile.label = "x\ny";
  const auto entry = DesktopEntry::parse(launcher_entry(hostile));
  REQUIRE(entry);
  CHECK(entry->string(kMainGroup, "Name") == "fedora (x\ny)");
  CHECK(entry->string(kMainGroup, "Comment") == "A terminal in a\\nb\\x1b[0m\"");
}

TEST_CASE("launcher: values of os-release") {
  struct Case {
    const char* text;
    const char* logo;
  };
  for (const Case& each :
       std::initializer_list<Case>{{"", ""},
                                   {"LOGO=fedora-logo-icon\n", "fedora-logo-icon"},
                                   {"A=1\nLOGO=\"a b\"", "a b"},
                                   {"LOGO='a'\r\n", "a"},
                                   {"LOGO=\"\\$a\\\\\"", "$a\\"},
                                   {"LOGO=\"a", "\"a"},
                                   {"LOGO=", ""},
                                   {"XLOGO=a\nLOGOX=b\n#LOGO=c\n", ""},
                                   {"LOGO=a\nLOGO=b\n", "a"}}) {
    CAPTURE(each.text);
    CHECK(logo_of(each.text) == each.logo);
  }
}

TEST_CASE("launcher: the icon has the initial of the distribution, else of the environment") {
  CHECK(draw_icon("ID=debian\n", "box").find(">D</text>") != std::string::npos);
  CHECK(draw_icon("", "box").find(">B</text>") != std::string::npos);
  CHECK(draw_icon("ID=debian\n", "box") == draw_icon("ID=debian\n", "other"));
  CHECK(draw_icon("ID=debian\nANSI_COLOR=\"1;31\"\n", "") !=
        draw_icon("ID=debian\nANSI_COLOR=\"1;34\"\n", ""));
}

// SPDX-License-Identifier: MIT
#include "env/export/rewrite.hpp"

#include <doctest/doctest.h>

#include <array>

namespace {

using namespace devenv::exporting;
using Strings = std::vector<std::string>;

RewriteInput input() {
  return RewriteInput{.environment_name = "fedora",
                      .original_id = "org.example.App.desktop",
                      .exported_id = "org.example.App.desktop",
                      .source = "/usr/share/applications/org.example.App.desktop",
                      .program = "/usr/bin/devenv",
                      .label = "",
                      .run_options = {},
                      .extra_arguments = {},
                      .icons = {}};
}

DesktopEntry parsed(const std::string& text) {
  auto entry = DesktopEntry::parse(text);
  REQUIRE_MESSAGE(entry, text);
  return *std::move(entry);
}

DesktopEntry rewritten(const std::string& lines, const RewriteInput& how) {
  auto entry = rewrite_entry(parsed("[Desktop Entry]\nType=Application\n" + lines), how);
  REQUIRE_MESSAGE(entry, lines);
  return *std::move(entry);
}

/// The value of Exec, with the string layer undone.
std::string exec_of(const std::string& exec, const RewriteInput& how) {
  return rewritten("Exec=" + exec + "\n", how).string(kMainGroup, "Exec").value_or("");
}

}  // namespace

TEST_CASE("rewrite: a whole entry") {
  RewriteInput how = input();
  how.label = "fedora";
  how.exported_id = "devenv-fedora-org.example.App.desktop";
  how.icons = {{"app", "devenv-fedora-app"}, {"/opt/app/new.png", "devenv-fedora-new"}};
  const DesktopEntry original = parsed(R"(# made by hand
[Desktop Entry]
Version=1.5
Type=Application
Name=App
Name[de]=Anwendung
GenericName=Thing
X-GNOME-FullName=The App
Icon=app
Icon[de]=app
TryExec=app
Path=/opt/app dir
Exec=app --new "a b" %U
DBusActivatable=true
Terminal=false
SingleMainWindow=true
NoDisplay=true
OnlyShowIn=GNOME;
Implements=org.example.Thing;
Categories=Utility;
Keywords=a;b;
MimeType=text/plain;
X-GNOME-Bugzilla-Product=app
X-GNOME-Bugzilla-Component[de]=app
X-Other=kept
Actions=new;bus;

[Desktop Action new]
Name=New
Icon=/opt/app/new.png
Exec=app --new-window

[Desktop Action bus]
Name=Bus

[X-Other Group]
Key=value
)");
  const auto entry = rewrite_entry(original, how);
  REQUIRE(entry);
  CHECK_EQ(entry->to_string(), R"(# made by hand
[Desktop Entry]
Version=1.5
Type=Application
Name=App (fedora)
Name[de]=Anwendung (fedora)
GenericName=Thing
X-GNOME-FullName=The App (fedora)
Icon=devenv-fedora-app
Icon[de]=devenv-fedora-app
TryExec=/usr/bin/devenv
Exec=/usr/bin/devenv run --desktop --workdir "/opt/app dir" fedora -- app --new "a b" @@host %U @@host
Terminal=false
SingleMainWindow=true
NoDisplay=true
OnlyShowIn=GNOME;
Implements=org.example.Thing;
Categories=Utility;
Keywords=a;b;
MimeType=text/plain;
X-Other=kept
Actions=new;
StartupWMClass=org.example.App
X-Devenv-Environment=fedora
X-Devenv-Source=/usr/share/applications/org.example.App.desktop

[Desktop Action new]
Name=New
Icon=devenv-fedora-new
Exec=/usr/bin/devenv run --desktop --workdir "/opt/app dir" fedora -- app --new-window

[X-Other Group]
Key=value
)");
  const auto again = rewrite_entry(original, how);
  REQUIRE(again);
  CHECK_EQ(again->to_string(), entry->to_string());
}

TEST_CASE("rewrite: Exec goes through devenv, and its arguments arrive") {
  struct Row {
    const char* exec;
    const char* after_separator;
  };
  const std::array rows = {
      Row{"gedit %U", "gedit @@host %U @@host"},
      Row{"  gedit  %U", "gedit @@host %U @@host"},
      Row{"env A=x app %f", "env A=x app @@host %f @@host"},
      Row{"sh -c 'app \"$@\"' sh %F", R"(sh -c "app \"\$@\"" sh @@host %F @@host)"},
      Row{R"(sh -c "app \\"\\$@\\"" sh)", R"(sh -c "app \"\$@\"" sh)"},
      Row{R"(sh -c "app \"%f\"")", R"(sh -c @@host "app \"%f\"" @@host)"},
      Row{"app --caption %c %i %F", "app --caption %c %i @@host %F @@host"},
      Row{"app %k", "app /usr/share/applications/org.example.App.desktop"},
      Row{"app --desktop=%k", "app --desktop=/usr/share/applications/org.example.App.desktop"},
      Row{"app %d %D %n %N %v %m %u", "app @@host %u @@host"},
      Row{"app -x%mi %%m", "app -xi %%m"},
      Row{"app --zoom 100%%", "app --zoom 100%%"},
      Row{"app --file=%f", "app @@host --file=%f @@host"},
      Row{"-- app", "-- app"},
      Row{"app \"\"", "app \"\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.exec);
    CHECK_EQ(exec_of(row.exec, input()),
             std::string("/usr/bin/devenv run --desktop fedora -- ") + row.after_separator);
  }
}

TEST_CASE("rewrite: words of ours are text, whatever is in them") {
  RewriteInput how = input();
  how.program = "/opt/a b/devenv%f";
  how.run_options = {"--env", "A=$x 100%"};
  CHECK_EQ(exec_of("app", how),
           "\"/opt/a b/devenv%%f\" run --desktop --env \"A=\\$x 100%%\" fedora -- app");
  CHECK_EQ(rewritten("Exec=app\n", how).string(kMainGroup, "TryExec"), "/opt/a b/devenv%f");
  CHECK_EQ(rewritten("Exec=app\nPath=/a%b\n", input()).string(kMainGroup, "Exec"),
           "/usr/bin/devenv run --desktop --workdir /a%%b fedora -- app");
  how = input();
  how.source = "/usr/share/applications/100%.desktop";
  CHECK_EQ(exec_of("app %k", how),
           "/usr/bin/devenv run --desktop fedora -- app /usr/share/applications/100%%.desktop");
}

TEST_CASE("rewrite: extra arguments come before what the user opens") {
  struct Row {
    const char* exec;
    const char* after_separator;
  };
  const std::array rows = {
      Row{"app", "app --extra \"50%% x\""},
      Row{"app %U", "app --extra \"50%% x\" @@host %U @@host"},
      Row{"app a %U b", "app a --extra \"50%% x\" @@host %U @@host b"},
      Row{"app --open %f", "app --extra \"50%% x\" --open @@host %f @@host"},
      Row{"app -- %F", "app --extra \"50%% x\" -- @@host %F @@host"},
      Row{"app --file=%f", "app --extra \"50%% x\" @@host --file=%f @@host"},
      Row{"app %i", "app %i --extra \"50%% x\""},
  };
  RewriteInput how = input();
  how.extra_arguments = {"--extra", "50% x"};
  for (const Row& row : rows) {
    CAPTURE(row.exec);
    CHECK_EQ(exec_of(row.exec, how),
             std::string("/usr/bin/devenv run --desktop fedora -- ") + row.after_separator);
  }
}

TEST_CASE("rewrite: an icon with another name is passed under the one it has inside") {
  RewriteInput how = input();
  how.icons = {{"/opt/i%.png", "devenv-i"}};
  CHECK_EQ(rewritten("Icon=/opt/i%.png\nExec=app %i %f\n", how).string(kMainGroup, "Exec"),
           "/usr/bin/devenv run --desktop fedora -- app --icon /opt/i%%.png @@host %f @@host");
  CHECK_EQ(rewritten("Icon=other\nExec=app %i\n", how).string(kMainGroup, "Exec"),
           "/usr/bin/devenv run --desktop fedora -- app %i");
  how.icons = {{"same", "same"}};
  CHECK_EQ(rewritten("Icon=same\nExec=app %i\n", how).string(kMainGroup, "Exec"),
           "/usr/bin/devenv run --desktop fedora -- app %i");
}

TEST_CASE("rewrite: a label stands right after the name, and is text") {
  RewriteInput how = input();
  how.label = "a\\b";
  const DesktopEntry entry = rewritten("Exec=app\nName=App \t\nName[de]=\n", how);
  CHECK_EQ(entry.raw(kMainGroup, "Name"), "App (a\\\\b)");
  CHECK_EQ(entry.string(kMainGroup, "Name"), "App (a\\b)");
  CHECK_EQ(entry.string(kMainGroup, "Name[de]"), "");
}

TEST_CASE("rewrite: only a directory becomes the working directory") {
  for (const char* path : {"", "relative", "~/x", "$HOME"}) {
    const DesktopEntry entry = rewritten(std::string("Exec=app\nPath=") + path + "\n", input());
    CHECK_EQ(entry.raw(kMainGroup, "Path"), std::nullopt);
    CHECK_EQ(entry.string(kMainGroup, "Exec"), "/usr/bin/devenv run --desktop fedora -- app");
  }
}

TEST_CASE("rewrite: the window class") {
  RewriteInput renamed = input();
  renamed.exported_id = "devenv-fedora-org.example.App.desktop";
  CHECK_EQ(rewritten("Exec=a\n", input()).raw(kMainGroup, "StartupWMClass"), std::nullopt);
  CHECK_EQ(rewritten("Exec=a\n", renamed).raw(kMainGroup, "StartupWMClass"), "org.example.App");
  CHECK_EQ(rewritten("Exec=a\nStartupWMClass=\n", renamed).raw(kMainGroup, "StartupWMClass"),
           "org.example.App");
  CHECK_EQ(rewritten("Exec=a\nStartupWMClass=Own\n", renamed).raw(kMainGroup, "StartupWMClass"),
           "Own");
}

TEST_CASE("rewrite: no Exec of any group starts a program of the host") {
  const DesktopEntry entry = rewritten(
      "Exec=old\nExec=new\nActions=a;broken;gone;\n[Desktop Action a]\nExec=a\n"
      "[Desktop Action broken]\nExec=\"a\n[Desktop Action gone]\nName=x\n"
      "[New Shortcut Group]\nExec=b\n[Broken Shortcut Group]\nName=y\nExec='\n[Desktop Entry]\n"
      "Exec=last\n",
      input());
  const std::string run = "/usr/bin/devenv run --desktop fedora -- ";
  CHECK_EQ(entry.groups(), Strings{"Desktop Entry", "Desktop Action a", "New Shortcut Group"});
  CHECK_EQ(entry.raw(kMainGroup, "Actions"), "a;");
  CHECK_EQ(entry.raw("Desktop Action a", "Exec"), run + "a");
  CHECK_EQ(entry.raw("New Shortcut Group", "Exec"), run + "b");
  const std::string text = entry.to_string();
  for (const char* program : {"old", "new", "last"}) {
    CHECK(text.find("Exec=" + run + program + "\n") != std::string::npos);
  }
  CHECK_EQ(rewritten("Exec=a\nActions=gone;\n", input()).raw(kMainGroup, "Actions"), std::nullopt);
}

TEST_CASE("rewrite: what is malformed does not keep the host from reading it") {
  const auto entry =
      rewrite_entry(parsed("stray\n[Desktop Entry]\nType=Application\n>>> x\nExec=a\n"), input());
  REQUIRE(entry);
  CHECK(
      entry->to_string().starts_with("# stray\n[Desktop Entry]\nType=Application\n# >>> x\nExec="));
}

TEST_CASE("rewrite: what cannot be started is refused") {
  struct Row {
    const char* text;
    const char* error;
  };
  const std::array rows = {
      Row{"[Desktop Entry]\nType=Link\nURL=x\n",
          "'/usr/share/applications/org.example.App.desktop' is no application: its Type is "
          "'Link'"},
      Row{"[Desktop Entry]\nExec=a\n",
          "'/usr/share/applications/org.example.App.desktop' is no application: its Type is ''"},
      Row{"[Desktop Entry]\nType=Application\nDBusActivatable=true\n",
          "'/usr/share/applications/org.example.App.desktop' does not say what to run: it has no "
          "Exec"},
      Row{"[Desktop Entry]\nType=Application\nExec=\n",
          "cannot read '/usr/share/applications/org.example.App.desktop': there is no program in "
          "Exec"},
      Row{"[Desktop Entry]\nType=Application\nExec=\"\" x\n",
          "cannot read '/usr/share/applications/org.example.App.desktop': there is no program in "
          "Exec"},
      Row{"[Desktop Entry]\nType=Application\nExec=%m\n",
          "cannot read '/usr/share/applications/org.example.App.desktop': there is no program in "
          "Exec"},
      Row{"[Desktop Entry]\nType=Application\nExec=a \"b\n",
          "cannot read '/usr/share/applications/org.example.App.desktop': a quote in Exec does "
          "not end"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto entry = rewrite_entry(parsed(row.text), input());
    REQUIRE_FALSE(entry);
    CHECK_EQ(entry.error().to_line(), row.error);
  }
}

TEST_CASE("rewrite: every icon is named once") {
  CHECK_EQ(
      icon_names(parsed("[Desktop Action a]\nIcon=c\n[Desktop Entry]\nIcon[de]=b\nIcon=a\\\\x\n"
                        "[Desktop Action b]\nIcon=c\n[Y]\nIcon=\n")),
      Strings{"a\\x", "c", "b"});
  CHECK_EQ(icon_names(parsed("[Desktop Entry]\n")), Strings{});
}

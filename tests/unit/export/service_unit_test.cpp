// SPDX-License-Identifier: MIT
#include "env/export/service_unit.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "env/base/text.hpp"
#include "tests/unit/export/made_unit.hpp"

using namespace devenv::exporting;
using namespace devenv::exporting::test;

TEST_CASE("service: a whole user unit") {
  const ServiceUnit unit = rewritten(R"([Unit]
Description=App of %p
Documentation=man:app(1)
After=network.target other.service graphical-session.target
Wants=network-online.target
Requires=redis.service
PartOf=graphical-session.target

[Service]
Type=notify
Environment=A=1 "B=two words"
ExecStart=/usr/bin/app --config %h/app.conf $A
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=3
NoNewPrivileges=yes
PrivateTmp=yes
MemoryDenyWriteExecute=yes
MemoryMax=1G

[Install]
WantedBy=default.target
Alias=dbus-app.service
)",
                                     input());
  CHECK_EQ(
      unit.text,
      R"(# Made by devenv from '/usr/lib/systemd/user/app.service' of the environment 'box'. To take it back:
# devenv export box --delete

[Unit]
Description=App of app
Documentation=man:app(1)
After=devenv-box-other.service graphical-session.target
PartOf=graphical-session.target

[Service]
Restart=on-failure
RestartSec=3
MemoryMax=1G
Type=notify
NotifyAccess=all
Environment=A=1
Environment="B=two words"
SyslogIdentifier=app
ExecStart="/usr/bin/devenv" run --env NOTIFY_SOCKET --env A --env B box /usr/bin/app --config %h/app.conf $A
ExecReload="/usr/bin/devenv" run --env NOTIFY_SOCKET --env A --env B box /bin/kill -HUP $MAINPID

[Install]
WantedBy=default.target
)");
  CHECK_EQ(unit.left_out,
           Strings{"Requires=redis.service",
                   "isolation (NoNewPrivileges, PrivateTmp, MemoryDenyWriteExecute)"});
  CHECK_FALSE(unit.is_private);
}

TEST_CASE("service: a whole unit of the system") {
  ServiceInput how = system_input();
  how.unit = "app@x.service";
  const ServiceUnit unit = rewritten(R"([Unit]
Description=App for %i at %t
ConditionPathExists=!/etc/app/off
ConditionKernelVersion=>4
[Service]
User=www
Group=adm
WorkingDirectory=~
EnvironmentFile=-/etc/default/app
StateDirectory=app app/data
StateDirectoryMode=0700
ExecStartPre=+/bin/chown www %S/app
ExecStart=/usr/bin/app -i %i -u %u
Slice=system-app.slice
CPUSchedulingPolicy=rr
LimitNOFILE=4096
[Install]
WantedBy=multi-user.target
)",
                                     how);
  CHECK_EQ(
      unit.text,
      R"(# Made by devenv from '/usr/lib/systemd/system/app.service' of the environment 'box'. To take it back:
# devenv export box --delete

[Unit]
Description=App for %i at /run
ConditionKernelVersion=>4

[Service]
LimitNOFILE=4096
Environment=ONE=1
Environment="TWO=a b"
Environment=STATE_DIRECTORY=/var/lib/app:/var/lib/app/data
SyslogIdentifier=app
ExecCondition="/usr/bin/devenv" run box sudo test ! -e "/etc/app/off"
ExecStartPre="/usr/bin/devenv" run box sudo install -d -m 0700 -o 33 -g 34 "/var/lib/app" "/var/lib/app/data"
ExecStartPre="/usr/bin/devenv" run --env ONE --env TWO --env STATE_DIRECTORY --workdir "/var/www" box sudo --preserve-env=ONE,TWO,STATE_DIRECTORY env "PATH=/opt/bin" /bin/chown www /var/lib/app
ExecStart="/usr/bin/devenv" run --env ONE --env TWO --env STATE_DIRECTORY --workdir "/var/www" box sudo --preserve-env=ONE,TWO,STATE_DIRECTORY -u "www" -g "adm" env "PATH=/opt/bin" /usr/bin/app -i %i -u root

[Install]
WantedBy=default.target
)");
  CHECK_EQ(unit.left_out, Strings{"CPUSchedulingPolicy=rr"});
  CHECK(unit.is_private);
}

TEST_CASE("service: command lines") {
  struct Row {
    const char* value;
    Strings wanted;
  };
  const Row rows[] = {
      {"/bin/app", {"/bin/app"}},
      {"app -x", {"app -x"}},
      {"\"/bin/my app\" 'a b' c\\x20d", {"\"/bin/my app\" \"a b\" \"c d\""}},
      {"-/bin/app", {"-/bin/app"}},
      {":/bin/app $HOME", {":/bin/app $HOME"}},
      {"-:/bin/app", {"-:/bin/app"}},
      {"!/bin/app", {"/bin/app"}},
      {"!!+/bin/app", {"/bin/app"}},
      {"@/bin/app argv0 -x", {"/bin/app -x"}},
      {"@/bin/app \"argv 0\" -x", {"/bin/app -x"}},
      {"@-/bin/app", {"-/bin/app"}},
      {"\"-/bin/my app\" x", {"-\"/bin/my app\" x"}},
      {"/bin/one a ; /bin/two b", {"/bin/one a", "/bin/two b"}},
      {"/bin/one \\; x ';' y", {"/bin/one \";\" x \";\" y"}},
      {"/bin/app a \\\n  # no\n  b", {"/bin/app a b"}},
      {"/bin/app a\\\\\nIgnored", {"/bin/app \"a\\\\\""}},
      {"/bin/app %n %N %p %i %h %t %% %", {"/bin/app app.service app app %i %h %t %% %"}},
      {"/bin/app %f %y", {"/bin/app /app /usr/lib/systemd/user/app.service"}},
      {"/bin/old\nExecStart=\nExecStart=/bin/new", {"/bin/new"}},
      {"/bin/sh -c 'echo \"$$HOME\" ${X}'", {"/bin/sh -c \"echo \\\"$$HOME\\\" ${X}\""}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    CHECK_EQ(starts(row.value, input()), row.wanted);
  }
}

TEST_CASE("service: names with escapes keep them in words and in text") {
  ServiceInput how = input();
  how.unit = "dev-a\\x2db.service";
  const ServiceUnit unit =
      rewritten("[Unit]\nDescription=%p %P\n[Service]\nExecStart=/a %p %P\n", how);
  CHECK_EQ(values(unit, "Description"), one("dev-a\\x2db dev/a-b"));
  CHECK_EQ(values(unit, "ExecStart"),
           one("\"/usr/bin/devenv\" run box /a \"dev-a\\\\x2db\" dev/a-b"));
}

/// A unit is text of an image: whatever is in it, the host runs devenv and nothing else.
TEST_CASE("service: no line and no word of an image becomes a command of the host") {
  ServiceInput how = system_input();
  how.unit = "a\\x0aExecStart=b.service";
  how.read = [](const std::string& path) -> std::optional<std::string> {
    if (path == "/etc/passwd") {
      return "www:x:33 ; /bin/evil:34::/var/www\r/bin/evil:\n"
             "web:x:33:34::/a\"\r\n;ExecStart=/bin/evil:/bin/sh\n";
    }
    return "A='x\r\nExecStart=/bin/evil'\nB=\" ; /bin/evil\"\n";
  };
  const char* const attacks[] = {
      "[Unit]\nDescription=x\r[Service]\rExecStart=/bin/evil\n",
      "[Unit]\nDescription=%P %n\nDocumentation=x\\\n\n",
      "[Service]\nExecStart=\"/a\\nExecStart=/bin/evil\" \\x0a \\012\n",
      "[Service]\nExecStart=/a b\"c ; /bin/evil\" d'e ; /bin/evil'\n",
      "[Service]\nEnvironment=\"A ; /bin/evil=x\" PATH=\"a ; /bin/evil\" \"HOME=\\n\"\n",
      "[Service]\nEnvironmentFile=/etc/x\n",
      "[Service]\nUser=x ; /bin/evil\nGroup=\" ; /bin/evil\n",
      "[Service]\nUser=www\nStateDirectory=x\nWorkingDirectory=~\n",
      "[Service]\nUser=web\nStateDirectory=\"x\\n ; /bin/evil\"\nWorkingDirectory=~\n",
      "[Service]\nStateDirectory=x\nStateDirectoryMode=0 ; /bin/evil\n",
      "[Service]\nWorkingDirectory=/a\" ; /bin/evil \"\n",
      "[Unit]\nConditionPathExists=/a\" ; /bin/evil \"\n",
  };
  for (const char* attack : attacks) {
    CAPTURE(attack);
    const ServiceUnit unit =
        rewritten(std::string(attack) + "\n[Service]\nExecStart=/bin/app\n", how);
    CHECK_EQ(unit.text.find('\r'), std::string::npos);
    for (const Assignment& each : parse_unit(unit.text)) {
      if (each.key.starts_with("Exec")) {
        const Strings words = split_words(each.value);
        CHECK_EQ(words.front(), "\"/usr/bin/devenv\"");
        CHECK_EQ(std::count(words.begin(), words.end(), ";"), 0);
        // Quotes begin and end with a word: nobody can see other words than these.
        for (const std::string& word : words) {
          const bool quoted = word.starts_with('"') && word.ends_with('"');
          CHECK((quoted || word.find_first_of("\"' ;\\") == std::string::npos));
        }
      }
    }
  }
}

TEST_CASE("service: what ends the session is nothing that a service asks for") {
  const ServiceUnit unit = rewritten(
      "[Unit]\nRequires=exit.target\nWants=shutdown.target\nConflicts=default.target "
      "shutdown.target\n"
      "[Service]\nExecStart=/a\n",
      input());
  CHECK_EQ(values(unit, "Requires"), Strings{});
  CHECK_EQ(values(unit, "Wants"), Strings{});
  CHECK_EQ(values(unit, "Conflicts"), one("shutdown.target"));
}

TEST_CASE("service: templates leave the instance to the host") {
  ServiceInput how = input();
  how.unit = "app@.service";
  CHECK_EQ(starts("/bin/app %i %I %n %p", how), one("/bin/app %i %I app@%i.service app"));
  how.unit = "app@x-y.service";
  CHECK_EQ(starts("/bin/app %i %I %n %f", how), one("/bin/app %i %I app@x-y.service %f"));
}

TEST_CASE("service: wishes of the user") {
  ServiceInput how = input();
  how.options.arguments = {"--name", "100% $HOME \"x\""};
  how.options.variables = {"A=b c", "HOME=/opt"};
  how.options.as_root = true;
  const ServiceUnit unit =
      rewritten("[Service]\nEnvironment=A=old\nExecStart=/bin/app -x\nExecStop=/bin/stop\n", how);
  CHECK_EQ(values(unit, "Environment"), one("\"A=b c\""));
  CHECK_EQ(values(unit, "ExecStart"),
           one("\"/usr/bin/devenv\" run --env A box sudo --preserve-env=A env \"HOME=/opt\" "
               "/bin/app -x \"--name\" \"100%% $$HOME \\\"x\\\"\""));
  CHECK_EQ(values(unit, "ExecStop"),
           one("\"/usr/bin/devenv\" run --env A box sudo "
               "--preserve-env=A,MAINPID,SERVICE_RESULT,EXIT_CODE,EXIT_STATUS env \"HOME=/opt\" "
               "/bin/stop"));
}

TEST_CASE("service: the program of devenv may have any name") {
  ServiceInput how = input();
  how.program = "/opt/100% $mine/devenv";
  CHECK_EQ(starts("-/bin/app", how), one("-\"/opt/100%% $$mine/devenv\" run box /bin/app"));
  CHECK_EQ(starts(":/bin/app", how), one(":\"/opt/100%% $mine/devenv\" run box /bin/app"));
}

TEST_CASE("service: what is left out is named, but not at length") {
  const ServiceUnit unit = rewritten(
      "[Service]\nExecStart=/a\nPrivateTmp=yes\nPrivateTmp=no\nProtectHome=yes\nProtectSystem=yes\n"
      "LockPersonality=yes\nRestrictRealtime=yes\nLoadCredential=a:/b\nSockets=x.socket\n",
      input());
  CHECK_EQ(unit.left_out,
           Strings{"LoadCredential=a:/b",
                   "isolation (PrivateTmp, ProtectHome, ProtectSystem, and 2 more)"});
}

TEST_CASE("service: drop-ins come after the unit") {
  ServiceInput how = input();
  how.drop_ins = {"[Service]\nExecStart=\nExecStart=/bin/new\n", "[Unit]\nDescription=New\n"};
  const ServiceUnit unit =
      rewritten("[Unit]\nDescription=Old\n[Service]\nExecStart=/bin/old\n", how);
  CHECK_EQ(values(unit, "ExecStart"), one("\"/usr/bin/devenv\" run box /bin/new"));
  CHECK_EQ(values(unit, "Description"), Strings{"Old", "New"});
}

TEST_CASE("service: one that starts nothing") {
  for (const char* text : {"", "[Unit]\nDescription=x\n", "[Service]\nExecStop=/a\n",
                           "[Service]\nExecStart=/a\nExecStart=\n", "ExecStart=/a\n"}) {
    CAPTURE(text);
    const auto unit = rewrite_service(text, input());
    REQUIRE_FALSE(unit);
    CHECK_EQ(unit.error().message(), "'/usr/lib/systemd/user/app.service' starts nothing");
  }
}

TEST_CASE("timer: the service that it starts has another name") {
  ServiceInput how = input();
  how.unit = "other.timer";
  const auto unit = rewrite_timer(
      "[Unit]\nDescription=Now and then\nConditionPathExists=/x\n"
      "[Timer]\nOnCalendar=daily\nPersistent=true\nUnit=other.service\nWakeSystem=yes\n"
      "[Install]\nWantedBy=timers.target\n",
      how);
  REQUIRE(unit);
  CHECK_EQ(unit->text.substr(unit->text.find("\n[Unit]")), R"(
[Unit]
Description=Now and then

[Timer]
OnCalendar=daily
Persistent=true
Unit=devenv-box-other.service

[Install]
WantedBy=timers.target
)");
  CHECK_EQ(unit->left_out, Strings{"ConditionPathExists=/x", "WakeSystem=yes"});
}

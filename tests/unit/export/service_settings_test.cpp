// SPDX-License-Identifier: MIT
#include "env/export/service_settings.hpp"

#include <doctest/doctest.h>

#include "tests/unit/export/made_unit.hpp"

using namespace devenv::exporting;
using namespace devenv::exporting::test;

TEST_CASE("service: variables") {
  struct Row {
    const char* lines;
    Strings environment;
    const char* options;
  };
  const Row rows[] = {
      {"Environment=A=1\nEnvironment=A=2", {"A=2"}, " --env A"},
      {"Environment=A=1\nEnvironment=\nEnvironment=B=2", {"B=2"}, " --env B"},
      {"Environment='A=x y' B=%h/z bad =x", {"\"A=x y\"", "B=%h/z"}, " --env A --env B"},
      // What devenv would act on itself is for the command alone.
      {"Environment=\"PATH=/a:$X\"", {}, " --env \"PATH=/a:$$X\""},
      {"Environment=LD_PRELOAD=/lib/x.so XDG_DATA_HOME=/d HOME=/h",
       {},
       " --env \"LD_PRELOAD=/lib/x.so\" --env \"XDG_DATA_HOME=/d\" --env \"HOME=/h\""},
      {"EnvironmentFile=/etc/default/app\nEnvironment=ONE=old",
       {"ONE=1", "\"TWO=a b\""},
       " --env ONE --env TWO --env \"PATH=/opt/bin\""},
      {"EnvironmentFile=-/etc/none", {}, ""},
      // Below the shared home the manager reads it itself, each time.
      {"EnvironmentFile=%h/.config/app.env", {}, " --env SECRET"},
      {"EnvironmentFile=-/home/ann/.config/none", {}, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.lines);
    CHECK_EQ(of_service(row.lines, "Environment", input()), row.environment);
    CHECK_EQ(of_service(row.lines, "ExecStart", input()),
             one("\"/usr/bin/devenv\" run" + std::string(row.options) + " box /bin/app"));
  }
  CHECK_EQ(of_service("EnvironmentFile=%h/.config/app.env", "EnvironmentFile", input()),
           one("%h/.config/app.env"));
  ServiceInput apart = input();
  apart.home_shared = false;
  CHECK_EQ(of_service("EnvironmentFile=%h/.config/app.env", "Environment", apart), one("SECRET=x"));
  CHECK_EQ(rewritten("[Service]\nExecStart=/a\nEnvironmentFile=/etc/none\n", input()).left_out,
           one("EnvironmentFile=/etc/none"));
}

TEST_CASE("service: how it says that it is ready") {
  struct Row {
    const char* lines;
    bool of_system;
    Strings type;
    Strings access;
    Strings left_out;
  };
  const Row rows[] = {
      {"Type=simple", false, {"simple"}, {}, {}},
      {"Type=notify\nNotifyAccess=main", false, {"notify"}, {"all"}, {}},
      {"Type=notify", true, {"notify"}, {"all"}, {}},
      {"Type=notify\nUser=www", true, {"exec"}, {}, {"Type=notify"}},
      {"Type=forking\nPIDFile=/run/app.pid", true, {"forking"}, {}, {}},
      {"Type=dbus\nBusName=org.x", true, {"exec"}, {}, {"Type=dbus"}},
      {"Type=dbus\nBusName=org.x", false, {"dbus"}, {}, {}},
      {"WatchdogSec=10", false, {}, {"all"}, {}},
      {"WatchdogSec=10\nUser=www", true, {}, {}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.lines);
    const ServiceInput how = row.of_system ? system_input() : input();
    const ServiceUnit unit =
        rewritten("[Service]\nExecStart=/a\n" + std::string(row.lines) + "\n", how);
    CHECK_EQ(values(unit, "Type"), row.type);
    CHECK_EQ(values(unit, "NotifyAccess"), row.access);
    CHECK_EQ(unit.left_out, row.left_out);
  }
  ServiceInput apart = input();
  apart.runtime_shared = false;
  CHECK_EQ(of_service("Type=notify", "Type", apart), one("exec"));
  CHECK_EQ(of_service("Type=forking\nPIDFile=/run/app.pid", "PIDFile", input()), Strings{});
  CHECK_EQ(of_service("Type=forking\nPIDFile=%t/app.pid", "PIDFile", input()), one("%t/app.pid"));
  CHECK_EQ(of_service("Type=forking\nPIDFile=%t/app.pid", "PIDFile", apart), Strings{});
  CHECK_EQ(of_service("Type=dbus\nBusName=org.x", "BusName", input()), one("org.x"));
}

TEST_CASE("service: who runs it, and where") {
  struct Row {
    const char* lines;
    const char* command;
  };
  const Row of_system[] = {
      {"", "--workdir \"/\" box sudo /bin/app"},
      {"User=root", "--workdir \"/\" box sudo /bin/app"},
      {"User=33", "--workdir \"/\" box sudo -u \"#33\" /bin/app"},
      {"User=www\nUser=\nGroup=root", "--workdir \"/\" box sudo /bin/app"},
      {"DynamicUser=yes", "--workdir \"/\" box sudo -u \"nobody\" /bin/app"},
      {"DynamicUser=yes\nUser=www", "--workdir \"/\" box sudo -u \"www\" /bin/app"},
      {"WorkingDirectory=/opt/a b", "--workdir \"/opt/a b\" box sudo /bin/app"},
      {"WorkingDirectory=-/srv", "--workdir \"/srv\" box sudo /bin/app"},
      {"WorkingDirectory=-/none", "--workdir \"/\" box sudo /bin/app"},
      {"WorkingDirectory=~\nUser=www", "--workdir \"/var/www\" box sudo -u \"www\" /bin/app"},
  };
  for (const Row& row : of_system) {
    CAPTURE(row.lines);
    CHECK_EQ(of_service(row.lines, "ExecStart", system_input()),
             one("\"/usr/bin/devenv\" run " + std::string(row.command)));
  }
  const Row of_user[] = {
      {"User=www", "box /bin/app"},
      {"WorkingDirectory=~", "box /bin/app"},
      {"WorkingDirectory=%h/x", "--workdir \"%h/x\" box /bin/app"},
  };
  for (const Row& row : of_user) {
    CAPTURE(row.lines);
    CHECK_EQ(of_service(row.lines, "ExecStart", input()),
             one("\"/usr/bin/devenv\" run " + std::string(row.command)));
  }
  CHECK_EQ(of_service("User=www\nPermissionsStartOnly=yes\nExecStartPost=/bin/x", "ExecStartPost",
                      system_input())
               .front()
               .find("-u"),
           std::string::npos);
}

TEST_CASE("service: directories and streams") {
  const char* const state = "StateDirectory=app\nStateDirectoryMode=0700";
  CHECK_EQ(of_service(state, "StateDirectory", input()), one("app"));
  CHECK_EQ(of_service(state, "StateDirectoryMode", input()), one("0700"));
  CHECK_EQ(of_service(state, "ExecStartPre", input()), Strings{});
  ServiceInput apart = input();
  apart.home_shared = false;
  CHECK_EQ(of_service(state, "ExecStartPre", apart),
           one("\"/usr/bin/devenv\" run box install -d -m 0700 \"%S/app\""));
  CHECK_EQ(of_service(state, "Environment", apart), one("STATE_DIRECTORY=%S/app"));
  CHECK_EQ(of_service("RuntimeDirectory=app", "RuntimeDirectory", apart), one("app"));
  CHECK_EQ(of_service("RuntimeDirectory=a:b", "ExecStartPre", system_input()),
           one("\"/usr/bin/devenv\" run box sudo install -d -m 0755 \"/run/a\""));
  CHECK_EQ(of_service("StandardOutput=append:%h/log", "StandardOutput", input()),
           one("append:%h/log"));
  CHECK_EQ(of_service("StandardOutput=append:/var/log/x", "StandardOutput", input()), Strings{});
  CHECK_EQ(of_service("StandardOutput=journal", "StandardOutput", input()), one("journal"));
  CHECK_EQ(of_service("StandardInput=tty-force", "StandardInput", input()), Strings{});
}

TEST_CASE("service: conditions are asked inside") {
  struct Row {
    const char* line;
    Strings condition;
    Strings left_out;
  };
  const std::string opening = "\"/usr/bin/devenv\" run box test ";
  const Row rows[] = {
      {"ConditionPathExists=/a b", {opening + "-e \"/a b\""}, {}},
      {"ConditionPathIsDirectory=!%h/x", {opening + "! -d \"%h/x\""}, {}},
      {"ConditionPathExists=/a\nConditionPathExists=", {}, {}},
      {"ConditionPathExists=|/a", {}, {"ConditionPathExists=|/a"}},
      {"ConditionPathExistsGlob=/a*", {}, {"ConditionPathExistsGlob=/a*"}},
      {"ConditionFirstBoot=yes", {}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    const ServiceUnit unit =
        rewritten("[Unit]\n" + std::string(row.line) + "\n[Service]\nExecStart=/a\n", input());
    CHECK_EQ(values(unit, "ExecCondition"), row.condition);
    CHECK_EQ(unit.left_out, row.left_out);
  }
  const ServiceUnit unit = rewritten(
      "[Unit]\nAssertFileNotEmpty=/a\nConditionACPower=true\nConditionUser=!root\n"
      "[Service]\nExecStart=/a\n",
      input());
  CHECK_EQ(values(unit, "ExecStartPre"), one(opening + "-s \"/a\""));
  CHECK_EQ(values(unit, "ConditionACPower"), one("true"));
  CHECK_EQ(values(unit, "ConditionUser"), one("!root"));
}

TEST_CASE("service: dependencies and [Install]") {
  struct Row {
    const char* unit;
    const char* key;
    Strings user;
    Strings system;
  };
  const Row rows[] = {
      {"[Unit]\nAfter=dbus.socket other.service",
       "After",
       {"dbus.socket devenv-box-other.service"},
       {"devenv-box-other.service"}},
      {"[Unit]\nBefore=shutdown.target", "Before", {"shutdown.target"}, {"shutdown.target"}},
      {"[Install]\nWantedBy=multi-user.target", "WantedBy", {"default.target"}, {"default.target"}},
      {"[Install]\nWantedBy=gnome-session.target",
       "WantedBy",
       {"gnome-session.target"},
       {"default.target"}},
      {"[Install]\nRequiredBy=graphical-session.target x.service",
       "WantedBy",
       {"graphical-session.target"},
       {"graphical-session.target"}},
      {"[Install]\nWantedBy=other.service",
       "WantedBy",
       {"devenv-box-other.service"},
       {"devenv-box-other.service"}},
      {"[Install]\nWantedBy=x.service", "WantedBy", {"default.target"}, {"default.target"}},
      {"[Install]\nAlias=x.service\nAlso=y.socket", "Alias", {}, {}},
      {"[Unit]\nFailureAction=exit", "FailureAction", {"exit"}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.unit);
    const std::string text = std::string(row.unit) + "\n[Service]\nExecStart=/a\n";
    CHECK_EQ(values(rewritten(text, input()), row.key), row.user);
    CHECK_EQ(values(rewritten(text, system_input()), row.key), row.system);
  }
}

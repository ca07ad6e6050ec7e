// SPDX-License-Identifier: MIT
#include "env/session/environ.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace devenv::session {
namespace {

using Entries = std::vector<std::string>;

EnvironmentInput input(Entries host, Entries image) {
  EnvironmentInput result;
  result.host = std::move(host);
  result.image = std::move(image);
  result.environment_name = "web";
  result.user = "ann";
  result.home = "/home/ann";
  result.shell = "/bin/bash";
  result.runtime_directory = "/run/user/1000";
  // What these add is tested below.
  result.shares.off = {"cursor"};
  for (const char* path : {"/s", "/x", "/run/user", "/home/ann"}) {
    result.same_paths.add(path);
  }
  return result;
}

/// The value of a variable, which must be there once at most.
std::optional<std::string> value_of(const Entries& entries, const std::string& name) {
  std::optional<std::string> value;
  for (const std::string& entry : entries) {
    if (entry.starts_with(name + "=")) {
      CHECK_MESSAGE(!value, name);
      value = entry.substr(name.size() + 1);
    }
  }
  return value;
}

std::optional<std::string> of_host(const std::string& entry) {
  return value_of(build_environment(input({entry}, {})), entry.substr(0, entry.find('=')));
}

constexpr const char* kHostTerminfo =
    "/run/host/usr/share/terminfo:/run/host/lib/terminfo:/run/host/etc/terminfo";

TEST_CASE("environment: order and content as a whole") {
  const Entries built = build_environment(
      input({"TERM=xterm-256color", "HOME=/home/ann", "EDITOR=vi", "LD_PRELOAD=/lib/x.so",
             "PATH=/usr/bin:/home/ann/bin", "FOO=host", "XDG_RUNTIME_DIR=/run/user/1000"},
            {"PATH=/opt/go/bin:/bin", "FOO=image", "GOPATH=/go", "LANG=C.UTF-8", "HOME=/root"}));
  const Entries expected{
      "TERM=xterm-256color",
      "HOME=/home/ann",
      "EDITOR=vi",
      "PATH=/opt/go/bin:/bin:/run/devenv/bin:/home/ann/bin",
      "FOO=image",
      "XDG_RUNTIME_DIR=/run/user/1000",
      "GOPATH=/go",
      "LANG=C.UTF-8",
      "USER=ann",
      "LOGNAME=ann",
      "SHELL=/bin/bash",
      std::string("TERMINFO_DIRS=/etc/terminfo:/lib/terminfo:/usr/share/terminfo:") + kHostTerminfo,
      "XDG_DATA_DIRS=/usr/local/share:/usr/share:/run/devenv/share",
      "container=devenv",
      "DEVENV_NAME=web",
  };
  CHECK(built == expected);
}

TEST_CASE("environment: the host's variables cross with their bytes") {
  for (const std::string entry : {"QUOTES=a\"b'c`d$e\\f",
                                  "EMPTY=",
                                  "EQUALS=a=b=c",
                                  "LINES2=a\nb",
                                  "BYTES=\xff\xfe\x01",
                                  "SPACE= x ",
                                  "LC_ALL=de_DE.UTF-8",
                                  "LANG=de_DE",
                                  "TERM=xterm-kitty",
                                  "SSH_AUTH_SOCK=/s",
                                  "DISPLAY=:0",
                                  "WAYLAND_DISPLAY=wayland-0",
                                  "DBUS_SESSION_BUS_ADDRESS=unix:path=/x",
                                  "XAUTHORITY=/run/user/1000/xauth",
                                  "http_proxy=http://p:1",
                                  "KRB5CCNAME=KCM:",
                                  "XDG_CONFIG_HOME=/home/ann/.c",
                                  "XDG_SESSION_TYPE=x11",
                                  "HISTSIZE=9",
                                  "VTE_VERSION=7000",
                                  "TZ=Europe/Rome",
                                  "SNAPSHOT=1",
                                  "LDFLAGS=-s",
                                  "MY_LD_PATH=x",
                                  "HOSTTYPE=x",
                                  "NIXPKGS=1",
                                  "PYTHONUNBUFFERED=1",
                                  "TMUX=/tmp/tmux",
                                  "DEVENV_LOG=debug"}) {
    CAPTURE(entry);
    CHECK(of_host(entry) == entry.substr(entry.find('=') + 1));
  }
}

TEST_CASE("environment: what is the host's own stays outside") {
  for (const std::string name : {"LD_PRELOAD",
                                 "LD_LIBRARY_PATH",
                                 "GIO_MODULE_DIR",
                                 "GIO_EXTRA_MODULES",
                                 "GTK_PATH",
                                 "QT_PLUGIN_PATH",
                                 "GST_PLUGIN_PATH",
                                 "PYTHONHOME",
                                 "PYTHONPATH",
                                 "PERL5LIB",
                                 "LOCALE_ARCHIVE",
                                 "LOCALE_ARCHIVE_2_27",
                                 "NIX_PATH",
                                 "SNAP",
                                 "SNAP_NAME",
                                 "APPIMAGE",
                                 "APPDIR",
                                 "XDG_CONFIG_DIRS",
                                 "HOST",
                                 "HOSTNAME",
                                 "PWD",
                                 "OLDPWD",
                                 "SHLVL",
                                 "_",
                                 "FPATH",
                                 "CONTAINER_ID",
                                 "TOOLBOX_PATH",
                                 "XDG_SEAT",
                                 "XDG_VTNR",
                                 "SUDO_USER",
                                 "BASH_ENV",
                                 "ENV",
                                 "MANPATH",
                                 "INFOPATH",
                                 "BASH_FUNC_which%%",
                                 "LESSOPEN",
                                 "LISTEN_FDS",
                                 "DISTROBOX_ENTER_PATH",
                                 "C_INCLUDE_PATH"}) {
    CAPTURE(name);
    CHECK(of_host(name + "=value") == std::nullopt);
  }
}

TEST_CASE("environment: a path outside of the home means nothing inside") {
  CHECK(of_host("JAVA_HOME=/usr/lib/jvm/17") == std::nullopt);
  CHECK(of_host("JAVA_HOME=/home/ann/.sdk/17") == "/home/ann/.sdk/17");
  CHECK(of_host("SSL_CERT_FILE=/etc/ssl/cert.pem") == std::nullopt);
  CHECK(of_host("SSL_CERT_DIR=/home/annette/certs") == std::nullopt);
  CHECK(of_host("TERMINFO=hex:1a01") == "hex:1a01");
}

TEST_CASE("environment: malformed entries are dropped, of two the one getenv finds counts") {
  const Entries built = build_environment(
      input({"NOVALUE", "", "=x", "=", "A=1", "A=2", "PATH=/home/ann/1", "PATH=/home/ann/2"},
            {"NOVALUE", "=y", "B=1", "B=2", "PATH=/one", "PATH=/two"}));
  CHECK(value_of(built, "A") == "1");
  CHECK(value_of(built, "B") == "2");
  CHECK(value_of(built, "PATH") == "/two:/run/devenv/bin:/home/ann/1");
  CHECK(std::all_of(built.begin(), built.end(), [](const std::string& entry) {
    return entry.find('=') != std::string::npos && entry.front() != '=';
  }));
}

TEST_CASE("environment: the image's variables") {
  struct ImageCase {
    const char* subject;
    Entries host;
    Entries image;
    const char* name;
    std::optional<std::string> value;
  };
  const ImageCase cases[] = {
      {"win over the host's", {"GOPATH=/home/ann/go"}, {"GOPATH=/go"}, "GOPATH", "/go"},
      {"may be what the host's may not",
       {"LD_LIBRARY_PATH=/h"},
       {"LD_LIBRARY_PATH=/i"},
       "LD_LIBRARY_PATH",
       "/i"},
      {"lists of directories",
       {"XDG_DATA_DIRS=/h"},
       {"XDG_DATA_DIRS=/i"},
       "XDG_DATA_DIRS",
       "/i:/run/devenv/share"},
      {"not the language", {"LANG=de_DE.UTF-8"}, {"LANG=C.UTF-8"}, "LANG", "de_DE.UTF-8"},
      {"unless the host has none", {}, {"LANG=C.UTF-8"}, "LANG", "C.UTF-8"},
      {"not the terminal", {"TERM=foot"}, {"TERM=xterm"}, "TERM", "foot"},
      {"not the display", {"DISPLAY=:1"}, {"DISPLAY=:0"}, "DISPLAY", ":1"},
      {"not the proxy",
       {"https_proxy=http://h"},
       {"https_proxy=http://i"},
       "https_proxy",
       "http://h"},
      {"not the home", {}, {"HOME=/root"}, "HOME", "/home/ann"},
      {"not the user", {}, {"USER=app"}, "USER", "ann"},
      {"not the time zone", {}, {"TZ=UTC"}, "TZ", std::nullopt},
      {"not the host name", {}, {"HOSTNAME=build7"}, "HOSTNAME", std::nullopt},
      {"not the marker", {}, {"container=oci"}, "container", "devenv"},
      {"not another program's id", {}, {"CONTAINER_ID=x"}, "CONTAINER_ID", std::nullopt},
      {"not the runtime directory",
       {},
       {"XDG_RUNTIME_DIR=/x"},
       "XDG_RUNTIME_DIR",
       "/run/user/1000"},
  };
  for (const ImageCase& example : cases) {
    CAPTURE(example.subject);
    CHECK(value_of(build_environment(input(example.host, example.image)), example.name) ==
          example.value);
  }
}

TEST_CASE("environment: the user is the one inside") {
  EnvironmentInput of_ann = input({"USER=joe", "LOGNAME=joe", "HOME=/x", "SHELL=/bin/zsh"}, {});
  of_ann.user = "CORP\\ann";
  const Entries built = build_environment(of_ann);
  CHECK(value_of(built, "USER") == "CORP\\ann");
  CHECK(value_of(built, "LOGNAME") == "CORP\\ann");
  CHECK(value_of(built, "HOME") == "/home/ann");
  CHECK(value_of(built, "SHELL") == "/bin/bash");
}

TEST_CASE("environment: no runtime directory inside, no variable") {
  EnvironmentInput without = input({"XDG_RUNTIME_DIR=/run/user/1000", "A=b"}, {});
  without.runtime_directory = "";
  CHECK(value_of(build_environment(without), "XDG_RUNTIME_DIR") == std::nullopt);
}

TEST_CASE("environment: one inside another is named like the inner one") {
  const Entries outer = build_environment(input({"PATH=/bin"}, {}));
  EnvironmentInput nested = input(outer, {});
  nested.environment_name = "inner";
  const Entries built = build_environment(nested);
  CHECK(value_of(built, "DEVENV_NAME") == "inner");
  CHECK(value_of(built, "PATH") ==
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/devenv/bin");
}

TEST_CASE("PATH: the image's, ours, then the host's below the home") {
  struct PathCase {
    const char* host;
    const char* image;
    const char* home;
    const char* expected;
  };
  const std::string usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const PathCase cases[] = {
      {"PATH=/usr/bin:/opt/x", "PATH=/bin", "/home/ann", "/bin:/run/devenv/bin"},
      {"PATH=/home/ann/.local/bin:/usr/bin:/home/ann/bin", "PATH=/bin", "/home/ann",
       "/bin:/run/devenv/bin:/home/ann/.local/bin:/home/ann/bin"},
      {"PATH=/home/ann/b:/home/ann/a:/home/ann/b", "PATH=/bin", "/home/ann",
       "/bin:/run/devenv/bin:/home/ann/b:/home/ann/a"},
      {"PATH=/home/ann2/bin:/home/annex:/home/ann/../joe", "PATH=/bin", "/home/ann",
       "/bin:/run/devenv/bin:/home/ann/../joe"},
      {"PATH=:.:bin::/home/ann/x", "PATH=/bin", "/home/ann", "/bin:/run/devenv/bin:/home/ann/x"},
      {"PATH=/home/ann/x", "PATH=/bin:/home/ann/x", "/home/ann/",
       "/bin:/home/ann/x:/run/devenv/bin"},
      {"PATH=/usr/bin", "PATH=/run/devenv/bin:/bin", "/home/ann", "/run/devenv/bin:/bin"},
      {"PATH=/usr/bin:/bin", "PATH=/i", "/", "/i:/run/devenv/bin"},
  };
  for (const PathCase& example : cases) {
    CAPTURE(example.host);
    EnvironmentInput of_case = input({example.host}, {example.image});
    of_case.home = example.home;
    CHECK(value_of(build_environment(of_case), "PATH") == example.expected);
  }
  CHECK(value_of(build_environment(input({}, {})), "PATH") == usual + ":/run/devenv/bin");
  CHECK(value_of(build_environment(input({}, {"PATH="})), "PATH") == usual + ":/run/devenv/bin");
}

TEST_CASE("TMPDIR: only what is the same inside") {
  const std::pair<const char*, const char*> cases[] = {
      {"TMPDIR=/tmp/mine", "/tmp/mine"}, {"TMPDIR=/home/ann/tmp", "/home/ann/tmp"},
      {"TMPDIR=/var/tmp", "/var/tmp"},   {"TMPDIR=/var/tmp/mine", ""},
      {"TMPDIR=/scratch", ""},           {"TMPDIR=relative", "relative"},
  };
  for (const auto& example : cases) {
    CAPTURE(example.first);
    EnvironmentInput with = input({example.first}, {});
    with.same_paths.add("/tmp");
    with.same_paths.add("/home/ann");
    CHECK(value_of(build_environment(with), "TMPDIR").value_or("") == example.second);
  }
}

TEST_CASE("TERMINFO_DIRS: the image's first, then the terminal's and the host's") {
  const std::string usual = "/etc/terminfo:/lib/terminfo:/usr/share/terminfo:";
  struct TerminfoCase {
    Entries host;
    Entries image;
    std::string expected;
  };
  const TerminfoCase cases[] = {
      {{}, {}, usual + kHostTerminfo},
      {{"TERMINFO=/usr/lib/kitty/terminfo"},
       {},
       usual + "/run/host/usr/lib/kitty/terminfo:" + kHostTerminfo},
      {{"TERMINFO=/home/ann/.terminfo"}, {}, usual + "/home/ann/.terminfo:" + kHostTerminfo},
      {{"TERMINFO_DIRS=/opt/t::/usr/share/terminfo"},
       {"TERMINFO_DIRS=/image"},
       "/image:/run/host/opt/t:" + std::string(kHostTerminfo)},
  };
  for (const TerminfoCase& example : cases) {
    CAPTURE(example.expected);
    CHECK(value_of(build_environment(input(example.host, example.image)), "TERMINFO_DIRS") ==
          example.expected);
  }
}

TEST_CASE("driver: its variables win over the image's, and its data is searched last") {
  EnvironmentInput with = input({"VDPAU_DRIVER_PATH=/host"}, {"A=image", "XDG_DATA_DIRS=/image"});
  with.driver = {"A=driver", "XDG_DATA_DIRS=/run/devenv/nvidia/share"};
  const auto variables = build_environment(with);
  CHECK(value_of(variables, "A") == "driver");
  CHECK(value_of(variables, "XDG_DATA_DIRS") ==
        "/image:/run/devenv/share:/run/devenv/nvidia/share");
}

TEST_CASE("environment: what belongs to a share that is off stays outside") {
  EnvironmentInput off = input({"DISPLAY=:0", "XAUTHORITY=/home/ann/.Xauthority",
                                "LANG=de_DE.UTF-8", "LC_TIME=C", "PULSE_SERVER=x", "EDITOR=vi"},
                               {});
  off.shares.off = {"display-x11", "locale", "audio-pulse"};
  const Entries built = build_environment(off);
  for (const char* name : {"DISPLAY", "XAUTHORITY", "LANG", "LC_TIME", "PULSE_SERVER"}) {
    CHECK_MESSAGE(!value_of(built, name), name);
  }
  CHECK(value_of(built, "EDITOR") == "vi");
}

TEST_CASE("environment: sockets of the session that are elsewhere inside") {
  EnvironmentInput with =
      input({"XAUTHORITY=/run/sddm/xauth_x", "SSH_AUTH_SOCK=/tmp/agent.1",
             "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus,guid=1", "EDITOR=/opt/bin/vi"},
            {});
  with.same_paths.add("/tmp");
  const Entries built = build_environment(with);
  CHECK(value_of(built, "XAUTHORITY") == "/run/host/run/sddm/xauth_x");
  CHECK(value_of(built, "SSH_AUTH_SOCK") == "/tmp/agent.1");
  CHECK(value_of(built, "DBUS_SESSION_BUS_ADDRESS") == "unix:path=/run/user/1000/bus,guid=1");
  CHECK(value_of(built, "EDITOR") == "/opt/bin/vi");
}

TEST_CASE("environment: clean, and what the command line adds") {
  EnvironmentInput clean = input({"TERM=xterm", "EDITOR=vi", "PATH=/home/ann/bin"}, {"A=image"});
  clean.clean = true;
  Entries built = build_environment(clean);
  override_variables(built, {"A=mine", "EMPTY=", "B=a=b", "PWD=/not/here"});
  CHECK_FALSE(value_of(built, "PWD"));
  CHECK(value_of(built, "TERM") == "xterm");
  CHECK_FALSE(value_of(built, "EDITOR"));
  CHECK(value_of(built, "A") == "mine");
  CHECK(value_of(built, "EMPTY") == "");
  CHECK(value_of(built, "B") == "a=b");
  CHECK(value_of(built, "HOME") == "/home/ann");
}

TEST_CASE("environment: where Kerberos tickets are, unless the caller says so") {
  EnvironmentInput tickets = input({}, {});
  CHECK_FALSE(value_of(build_environment(tickets), "KRB5CCNAME"));
  tickets.ticket_server = true;
  CHECK(value_of(build_environment(tickets), "KRB5CCNAME") == "KCM:");
  tickets.host = {"KRB5CCNAME=FILE:/s/mine"};
  CHECK(value_of(build_environment(tickets), "KRB5CCNAME") == "FILE:/s/mine");
}

TEST_CASE("environment: themes and certificates of the host") {
  EnvironmentInput looks = input({"XDG_DATA_DIRS=/host"}, {"XDG_DATA_DIRS=/opt/share"});
  looks.shares = {};
  looks.ca_bundle = "/run/host/etc/ssl/cert.pem";
  CHECK(value_of(build_environment(looks), "XDG_DATA_DIRS") == "/opt/share:/run/devenv/share");
  CHECK(value_of(build_environment(looks), "SSL_CERT_FILE") == "/run/host/etc/ssl/cert.pem");
  looks.shares.off = {"themes", "icons", "fonts", "cursor"};
  CHECK_FALSE(value_of(build_environment(looks), "XCURSOR_PATH"));
}

}  // namespace
}  // namespace devenv::session

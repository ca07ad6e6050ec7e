// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "cmd/guest/applets.hpp"
#include "cmd/guest/output.hpp"

namespace devenv::guest {
namespace {

constexpr std::string_view kProgram = "devenv-guest";

int version_main(Arguments) {
  print(STDOUT_FILENO, {kProgram, " " DEVENV_VERSION "\n"});
  return 0;
}

struct Applet {
  std::string_view name;
  int (*run)(Arguments);
  bool keeps_privileges;
};

constexpr Applet kApplets[] = {
    {"broker", broker_main, false}, {"hold", hold_main, false},       {"host", host_main, false},
    {"sudo", sudo_main, true},      {"version", version_main, false},
};
/// A link of any other name is the command of that name on the host.
constexpr Applet kHostCommand = {"", host_main, false};

const Applet* find_applet(std::string_view name) {
  for (const Applet& applet : kApplets) {
    if (applet.name == name) {
      return &applet;
    }
  }
  return nullptr;
}

/// The program is setuid root inside for the sake of sudo alone. Names are the caller's choice:
/// nothing but the table above decides who keeps what.
bool drop_privileges() {
  const uid_t uid = getuid();
  const gid_t gid = getgid();
  if (uid == geteuid() && gid == getegid()) {
    return true;
  }
  return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0 && geteuid() == uid;
}

int run(Arguments arguments) {
  const std::string_view called_as = arguments.empty() ? "" : basename(arguments.front());
  const Applet* applet = find_applet(called_as);
  if (applet == nullptr && !called_as.empty() && called_as != kProgram) {
    applet = &kHostCommand;
  } else if (applet == nullptr && arguments.size() > 1) {
    arguments = arguments.subspan(1);
    applet = find_applet(arguments.front());
  }
  if ((applet == nullptr || !applet->keeps_privileges) && !drop_privileges()) {
    complain(kProgram, {"cannot give up the rights of root"});
    return 1;
  }
  if (applet == nullptr) {
    complain(kProgram, {"usage: devenv-guest broker|hold|host|sudo|version [ARGUMENT...]"});
    return 2;
  }
  return applet->run(arguments);
}

}  // namespace
}  // namespace devenv::guest

int main(int argc, char** argv) {
  return devenv::guest::run({argv, static_cast<std::size_t>(argc < 0 ? 0 : argc)});
}

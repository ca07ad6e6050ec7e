// SPDX-License-Identifier: MIT
#include "env/session/terminal_mark.hpp"

#include <unistd.h>

#include "env/base/format.hpp"
#include "env/session/parent.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "env/sys/terminal.hpp"

namespace devenv::session {
namespace {

/// Names are checked (EnvironmentName): nothing in one ends the sequence.
std::string sequence(std::string_view action,
                     std::string_view name,
                     std::string_view runtime,
                     HostUid uid) {
  return format("\033]777;container;{};{};{};{}\033\\", action, name, runtime, uid.get());
}

}  // namespace

bool terminal_takes_mark() {
  return sys::is_terminal(STDOUT_FILENO) && sys::is_terminal(STDIN_FILENO) &&
         !sys::get_variable("VTE_VERSION").empty();
}

Error run_marked(const std::string& environment,
                 HostUid user,
                 const std::function<Error()>& become) {
  // Before the shell can show its prompt.
  (void)sys::write_all(STDOUT_FILENO, sequence("push", environment, "devenv", user));
  const auto status = stay_as_parent([&become] {
    sys::hang_up_with_parent();
    return become();
  });
  (void)sys::write_all(STDOUT_FILENO, sequence("pop", "", "", user));
  if (!status) {
    return status.error();
  }
  status->end_like_this();
}

}  // namespace devenv::session

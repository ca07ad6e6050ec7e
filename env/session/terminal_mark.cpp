// SPDX-License-Identifier: MIT
#include "env/session/terminal_mark.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

#include "env/base/format.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"
#include "env/sys/terminal.hpp"

namespace devenv::session {
namespace {

constexpr std::array<int, 3> kOfKeyboard = {SIGINT, SIGQUIT, SIGTSTP};

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
  auto problem = sys::make_pipe();
  if (!problem) {
    return problem.error();
  }
  // What the keyboard sends is for the shell; it starts with the defaults again.
  std::array<std::optional<sys::IgnoredSignal>, kOfKeyboard.size()> ignored;
  for (std::size_t i = 0; i < ignored.size(); ++i) {
    ignored[i].emplace(kOfKeyboard[i]);
  }
  const auto restore = [&ignored] {
    for (auto& signal : ignored) {
      signal.reset();
    }
  };
  // Before the shell can show its prompt.
  (void)sys::write_all(STDOUT_FILENO, sequence("push", environment, "devenv", user));
  auto child = sys::fork_child(0, [&]() -> int {
    restore();
    sys::hang_up_with_parent();
    (void)sys::write_all(problem->write_end.get(), sandbox::encode_error(become()));
    return 1;
  });
  if (!child) {
    return child.error();
  }
  problem->write_end.reset();
  // Close-on-exec: this ends when the shell has taken over.
  const auto failure = sys::read_all(problem->read_end.get());
  const auto status = child->wait_in_job();
  (void)sys::write_all(STDOUT_FILENO, sequence("pop", "", "", user));
  restore();
  if (failure && !failure->empty()) {
    return sandbox::decode_error(*failure);
  }
  status.value_or(sys::ExitStatus{.code = 1}).end_like_this();
}

}  // namespace devenv::session

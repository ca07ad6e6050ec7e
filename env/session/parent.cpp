// SPDX-License-Identifier: MIT
#include "env/session/parent.hpp"

#include <array>
#include <csignal>
#include <optional>

#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/signals.hpp"

namespace devenv::session {
namespace {

constexpr std::array<int, 3> kOfKeyboard = {SIGINT, SIGQUIT, SIGTSTP};

}  // namespace

Result<sys::ExitStatus> stay_as_parent(const std::function<Error()>& become) {
  TRY_ASSIGN(sys::Pipe problem, sys::make_pipe());
  // The command starts with the defaults again.
  std::array<std::optional<sys::IgnoredSignal>, kOfKeyboard.size()> ignored;
  for (std::size_t i = 0; i < ignored.size(); ++i) {
    ignored[i].emplace(kOfKeyboard[i]);
  }
  TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&]() -> int {
               for (auto& signal : ignored) {
                 signal.reset();
               }
               (void)sys::write_all(problem.write_end.get(), sandbox::encode_error(become()));
               return 1;
             }));
  problem.write_end.reset();
  // Close-on-exec: this ends when the command has taken over.
  const auto failure = sys::read_all(problem.read_end.get());
  auto status = child.wait_in_job();
  if (failure && !failure->empty()) {
    return fail(sandbox::decode_error(*failure));
  }
  return status;
}

}  // namespace devenv::session

// SPDX-License-Identifier: MIT
#include "cmd/desktop_run.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>

#include "cmd/notify.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/session/parent.hpp"

namespace devenv::cmd {
namespace {

using std::chrono::steady_clock;

/// Whoever gives up that soon has not shown a window; later, an exit status says little.
constexpr std::chrono::seconds kSoon{5};

/// What programs bring upon themselves; the others are sent by people and managers (signal(7)).
bool is_crash(int signal) {
  constexpr int kCrashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
  return std::find(std::begin(kCrashes), std::end(kCrashes), signal) != std::end(kCrashes);
}

/// Shells tell the signal of their last command as 128 and its number.
bool is_to_be_told(const sys::ExitStatus& status, steady_clock::duration time) {
  constexpr int kBySignal = 128;
  return is_crash(status.signal) || is_crash(status.code - kBySignal) ||
         (status.code != 0 && time < kSoon);
}

}  // namespace

Error run_for_desktop(const std::string& environment,
                      const std::vector<std::string>& command,
                      const std::function<Error()>& become) {
  const auto start = steady_clock::now();
  const auto status = session::stay_as_parent(become);
  if (!status) {
    return status.error();
  }
  if (is_to_be_told(*status, steady_clock::now() - start)) {
    const std::string program = text::sanitize(command.front());
    notify(Error(ErrorCode::failed, format("'{}' {}", program, status->to_string()))
               .with_hint(format("see what it says: devenv run {} {}", environment,
                                 text::shell_quote(program))));
  }
  status->end_like_this();
}

}  // namespace devenv::cmd

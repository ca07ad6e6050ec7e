// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include "env/base/log.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"

namespace devenv::session {

pid_t start_export_watch(const instance::Environment& environment) {
  const auto start = [&]() -> Result<pid_t> {
    TRY_ASSIGN(const std::string self, sys::read_link("/proc/self/exe"));
    TRY_ASSIGN(const sys::UniqueFd log,
               sys::open_file(environment.directory + "/exports.log",
                              O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
    TRY_ASSIGN(sys::Child watch,
               sys::spawn({.argv = {self, "export", environment.name.string(), "--watch"},
                           .stderr_fd = log.get(),
                           .new_session = true}));
    const pid_t pid = watch.pid();
    watch.detach();
    return pid;
  };
  const auto started = start();
  if (!started) {
    LOG_WARN("nothing is exported by itself: {}", started.error().to_line());
  }
  return started.value_or(-1);
}

}  // namespace devenv::session

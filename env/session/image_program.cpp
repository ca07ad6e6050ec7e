// SPDX-License-Identifier: MIT
#include "env/session/image_program.hpp"

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {

void as_root_inside(std::string_view consequence, const std::function<Result<void>()>& work) {
  const auto log = [&](const Error& error) { LOG_WARN("{}: {}", consequence, error.to_line()); };
  auto child = sys::fork_child(0, [&]() -> int {
    sys::set_umask(022);
    const auto is_root = sys::become(0, 0);
    if (const auto done = is_root ? work() : is_root; !done) {
      log(done.error());
    }
    return 0;
  });
  if (!child) {
    return log(child.error());
  }
  if (const auto status = child->wait(); !status) {
    log(status.error());
  }
}

Result<void> run_image_program(const std::vector<std::string>& argv, std::chrono::seconds limit) {
  TRY_ASSIGN(
      sys::Child child,
      sys::spawn(sys::Command{
          .argv = argv,
          .environment = std::vector<std::string>{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"},
          .working_directory = "/",
          .stderr_fd = -1,
          .die_with_parent = true,
          .new_session = true}));
  TRY_ASSIGN(const bool ended, sys::wait_pidfd(child.pidfd(), limit));
  if (!ended) {
    return fail(ErrorCode::failed, format("{} was ended after {} seconds", argv[0], limit.count()));
  }
  TRY_ASSIGN(const sys::ExitStatus status, child.wait());
  return status.success() ? Result<void>()
                          : fail(ErrorCode::failed, format("{} {}", argv[0], status.to_string()));
}

}  // namespace devenv::session

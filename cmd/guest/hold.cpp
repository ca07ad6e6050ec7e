// SPDX-License-Identifier: MIT
// The process that an environment is: as long as it lives its namespaces and its lock do.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cmd/guest/applets.hpp"
#include "cmd/guest/memory.hpp"
#include "cmd/guest/output.hpp"
#include "cmd/guest/process.hpp"

namespace devenv::guest {
namespace {

/// Larger than any: of two files to keep, the one that is not named sorts last.
constexpr int kNoFd = INT_MAX;
constexpr unsigned kFirstFd = STDERR_FILENO + 1;

struct HoldOptions {
  const char* name = nullptr;
  int keep_fd = kNoFd;   ///< stays open
  int ready_fd = kNoFd;  ///< told when everything is set, then closed
};

bool parse_options(Arguments arguments, HoldOptions& options) {
  for (std::size_t index = 1; index < arguments.size(); ++index) {
    const std::string_view argument = arguments[index];
    int* const fd = argument == "--keep-fd"    ? &options.keep_fd
                    : argument == "--ready-fd" ? &options.ready_fd
                                               : nullptr;
    if (fd != nullptr) {
      const auto number =
          index + 1 < arguments.size() ? parse_fd(arguments[++index]) : std::optional<int>();
      if (!number) {
        complain("devenv-guest", {argument, " needs the number of an open file above 2"});
        return false;
      }
      *fd = *number;
    } else if (options.name == nullptr && !argument.starts_with('-')) {
      options.name = arguments[index];
    } else {
      complain("devenv-guest", {"hold: unexpected argument '", argument, "'"});
      return false;
    }
  }
  if (options.name == nullptr) {
    complain("devenv-guest", {"hold: the name of the environment is missing"});
    return false;
  }
  return true;
}

void close_other_files(const HoldOptions& options) {
  const bool keep_is_lower = options.keep_fd < options.ready_fd;
  const int lower = keep_is_lower ? options.keep_fd : options.ready_fd;
  const int upper = keep_is_lower ? options.ready_fd : options.keep_fd;
  unsigned next = kFirstFd;
  for (const int kept : {lower, upper}) {
    const auto number = static_cast<unsigned>(kept);
    if (number >= next) {
      close_files(next, number - 1);
      next = number + 1;
    }
  }
  close_files(next, UINT_MAX);
}

void use_null_device() {
  const int null = open("/dev/null", O_RDWR | O_NOCTTY);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (null < 0) {
      close(fd);
    } else if (null != fd) {
      dup2(null, fd);
    }
  }
  if (null > STDERR_FILENO) {
    close(null);
  }
}

}  // namespace

int hold_main(Arguments arguments) {
  HoldOptions options;
  if (!parse_options(arguments, options)) {
    return 2;
  }
  // Whoever joins must be allowed to look at this process, also when it lost rights at its start.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  prctl(PR_SET_NAME, "devenv-hold", 0, 0, 0);
  // What a terminal or a mistaken kill sends. Not TERM: a service manager that ends a session, or
  // the machine, would wait a minute and a half for a process that does not listen.
  ignore_signals({SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU});
  setsid();  // fails only where the starter made a session already
  if (chdir("/") != 0) {
    complain("devenv-guest", {"hold: cannot change to /: ", error_text(errno)});
    return 1;
  }
  use_null_device();
  close_other_files(options);
  if (options.ready_fd != kNoFd) {
    const char ready = '\n';
    while (write(options.ready_fd, &ready, 1) < 0 && errno == EINTR) {
    }
    close(options.ready_fd);
  }
  forget_program_pages();
  for (;;) {
    pause();
  }
}

}  // namespace devenv::guest

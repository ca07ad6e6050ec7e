// SPDX-License-Identifier: MIT
#include "cmd/guest/broker.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/guest/applets.hpp"
#include "cmd/guest/output.hpp"
#include "cmd/guest/process.hpp"

namespace devenv::guest {
namespace {

/// Whoever comes after so many waits until one of them ends.
constexpr int kMostServed = 256;

/// One option that has a value.
bool take_value(std::string_view option, const char* value, BrokerOptions& options) {
  if (option == "--devenv") {
    options.devenv = value;
    return true;
  }
  if (option == "--root-uid") {
    const auto uid = parse_number(value, UINT32_MAX - 1);
    options.root_uid = uid.value_or(options.root_uid);
    return uid.has_value();
  }
  const auto fd = parse_fd(value);
  (option == "--listen-fd" ? options.listen_fd : options.holder_fd) = fd.value_or(-1);
  return fd.has_value();
}

bool parse_options(Arguments arguments, BrokerOptions& options) {
  for (std::size_t index = 1; index < arguments.size(); ++index) {
    const std::string_view argument = arguments[index];
    if (argument == "--ask") {
      options.ask = true;
    } else if (argument == "--listen-fd" || argument == "--holder-fd" || argument == "--root-uid" ||
               argument == "--devenv") {
      if (index + 1 == arguments.size() || !take_value(argument, arguments[++index], options)) {
        complain("devenv-guest", {"broker: bad value of ", argument});
        return false;
      }
    } else if (options.name == nullptr && !argument.starts_with('-')) {
      options.name = arguments[index];
    } else {
      complain("devenv-guest", {"broker: unexpected argument '", argument, "'"});
      return false;
    }
  }
  if (options.name == nullptr || options.listen_fd < 0 || options.holder_fd < 0) {
    complain("devenv-guest", {"broker: needs a name, --listen-fd and --holder-fd"});
    return false;
  }
  return true;
}

/// Takes one connection and leaves it to a process of its own. False when there was none.
bool accept_one(const BrokerOptions& options) {
  const int connection = accept4(options.listen_fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (connection < 0) {
    return false;
  }
  const pid_t child = fork();
  if (child == 0) {
    close(options.listen_fd);
    serve(options, connection);
    _exit(0);
  }
  close(connection);
  return child > 0;
}

int reap() {
  int ended = 0;
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
    ++ended;
  }
  return ended;
}

void wait_for_requests(const BrokerOptions& options, int signals) {
  int served = 0;
  for (;;) {
    pollfd files[] = {{options.holder_fd, POLLIN, 0},
                      {signals, POLLIN, 0},
                      {served < kMostServed ? options.listen_fd : -1, POLLIN, 0}};
    if (poll(files, 3, -1) < 0 && errno != EINTR) {
      return;
    }
    if (files[0].revents != 0) {
      return;  // whoever is served by a child sees that, too
    }
    while (next_signal(signals) != 0) {
    }
    served -= reap();
    if (files[2].revents != 0 && accept_one(options)) {
      ++served;
    }
  }
}

}  // namespace

int broker_main(Arguments arguments) {
  BrokerOptions options;
  if (!parse_options(arguments, options)) {
    return 2;
  }
  prctl(PR_SET_NAME, "devenv-broker", 0, 0, 0);
  setsid();
  // Without controlling terminal; what mistaken kills send is not heard.
  ignore_signals({SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU});
  const int signals = hold_signals({SIGCHLD});
  if (signals < 0 || chdir("/") != 0) {
    complain("devenv-guest", {"broker: ", error_text(errno)});
    return 1;
  }
  for (const int fd : {options.listen_fd, options.holder_fd}) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  fcntl(options.listen_fd, F_SETFL, O_RDWR | O_NONBLOCK);  // a caller may leave while in the queue
  forget_program_pages();
  wait_for_requests(options, signals);
  return 0;
}

}  // namespace devenv::guest

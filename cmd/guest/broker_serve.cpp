// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/guest/broker.hpp"
#include "cmd/guest/host_channel.hpp"
#include "cmd/guest/memory.hpp"
#include "cmd/guest/process.hpp"

namespace devenv::guest {
namespace {

/// The other side sends its request in one go; whoever does not is not waited for.
constexpr timeval kRequestPatience = {.tv_sec = 10, .tv_usec = 0};
constexpr timeval kNoLimit = {.tv_sec = 0, .tv_usec = 0};
/// Between asking a command to end and killing it.
constexpr int kGraceMilliseconds = 2000;
/// For commands that we may not kill: sudo, say.
constexpr int kLastWaitMilliseconds = 500;

bool is_served(const BrokerOptions& options, int connection) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == getuid() || peer.uid == options.root_uid);
}

void limit_receiving(int connection, const timeval& time) {
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

std::optional<Request> receive_request(int connection, std::span<int, kStreams> streams) {
  RequestHead head;
  limit_receiving(connection, kRequestPatience);
  if (!receive_head(connection, head, streams) || !is_valid(head)) {
    return std::nullopt;
  }
  const std::span<char> text(allocate_array<char>(head.size), head.size);
  if (!receive_all(connection, text.data(), text.size())) {
    return std::nullopt;
  }
  limit_receiving(connection, kNoLimit);
  return parse_request(head, text);
}

/// The command's side of the fork; tells `report` the errno when it cannot be executed.
[[noreturn]] void become_command(const BrokerOptions& options,
                                 const Request& request,
                                 char** environment,
                                 std::span<const int, kStreams> streams,
                                 int report) {
  setpgid(0, 0);
  if (request.terminal) {
    tcsetpgrp(streams[0], getpid());  // SIGTTOU is ignored here
  }
  for (std::size_t index = 0; index < kStreams; ++index) {
    dup2(streams[index], static_cast<int>(index));
  }
  umask(request.mask);
  release_signals();
  const int error = execute(request.arguments.data(), environment, options.devenv);
  if (write(report, &error, sizeof error) < 0) {
    _exit(126);
  }
  _exit(127);
}

struct Command {
  pid_t pid = -1;
  int error = 0;  ///< why it could not be started
  int terminal = -1;
};

Command start_command(const BrokerOptions& options,
                      const Request& request,
                      char** environment,
                      std::span<const int, kStreams> streams) {
  int report[2] = {-1, -1};
  if (pipe2(report, O_CLOEXEC) != 0) {
    return {.error = errno};
  }
  Command command = {.pid = fork(), .terminal = request.terminal ? streams[0] : -1};
  if (command.pid < 0) {
    return {.error = errno};
  }
  if (command.pid == 0) {
    become_command(options, request, environment, streams, report[1]);
  }
  setpgid(command.pid, command.pid);  // before any signal is sent to the group
  close(report[1]);
  if (read(report[0], &command.error, sizeof command.error) != sizeof command.error) {
    command.error = 0;
  }
  close(report[0]);
  // A pipe ends when the command closes it, not when we do.
  for (const int stream : streams) {
    if (stream != command.terminal) {
      close(stream);
    }
  }
  return command;
}

/// Puts ourselves, who are deaf to SIGHUP, into the foreground: when the terminal goes, what the
/// command left in the background lives on, as it does in any terminal that stays.
void take_foreground(int terminal) {
  tcsetpgrp(terminal, getpgrp());
  close(terminal);
}

/// Tells what became of the command. True when it has ended.
bool report_changes(const Command& command, int connection) {
  int status = 0;
  while (waitpid(command.pid, &status, WNOHANG | WUNTRACED) == command.pid) {
    if (WIFSTOPPED(status)) {
      send_reply(connection, ReplyKind::stopped, WSTOPSIG(status));
      continue;
    }
    if (command.terminal >= 0) {
      take_foreground(command.terminal);
    }
    if (WIFSIGNALED(status)) {
      send_reply(connection, ReplyKind::killed, WTERMSIG(status));
    } else {
      send_reply(connection, ReplyKind::exited, WEXITSTATUS(status));
    }
    return true;
  }
  return false;
}

void send_signals(const Command& command, std::initializer_list<int> numbers) {
  for (const int number : numbers) {
    kill(-command.pid, number);
  }
}

/// Passes on the signals that arrive. False when the other side is gone, or says something else.
bool forward_signals(const Command& command, int connection) {
  unsigned char numbers[64];
  const ssize_t count = recv(connection, numbers, sizeof numbers, MSG_DONTWAIT);
  if (count < 0) {
    return errno == EINTR || errno == EAGAIN;
  }
  for (ssize_t index = 0; index < count; ++index) {
    if (!is_forwarded(numbers[index])) {
      return false;
    }
    send_signals(command, {numbers[index]});
  }
  return count > 0;
}

/// Waits for the end of the command; false when the time is over.
bool wait_for_end(const Command& command, const Watch& watch, int milliseconds) {
  constexpr int kStep = 20;
  for (int waited = 0; waited < milliseconds; waited += kStep) {
    if (report_changes(command, watch.connection)) {
      return true;
    }
    pollfd file = {watch.signals, POLLIN, 0};
    poll(&file, 1, kStep);
    while (next_signal(watch.signals) != 0) {
    }
  }
  return false;
}

/// The environment has ended: so does what ran for it.
void end_command(const Command& command, const Watch& watch) {
  send_signals(command, {SIGHUP, SIGTERM, SIGCONT});
  if (!wait_for_end(command, watch, kGraceMilliseconds)) {
    send_signals(command, {SIGKILL});
    wait_for_end(command, watch, kLastWaitMilliseconds);
  }
}

void supervise(const Command& command, Watch watch) {
  while (!report_changes(command, watch.connection)) {
    pollfd files[] = {
        {watch.holder, POLLIN, 0}, {watch.signals, POLLIN, 0}, {watch.connection, POLLIN, 0}};
    poll(files, 3, -1);
    while (next_signal(watch.signals) != 0) {
    }
    if (files[0].revents != 0) {
      return end_command(command, watch);
    }
    if (files[2].revents != 0 && !forward_signals(command, watch.connection)) {
      send_signals(command, {SIGHUP, SIGCONT});
      close(watch.connection);
      watch.connection = -1;  // poll(2) passes over it
    }
  }
}

bool may_run(const BrokerOptions& options, const Request& request, const Watch& watch) {
  if (!options.ask) {
    return true;
  }
  const Answer answer = ask_user(options.name, request, watch);
  if (answer == Answer::no || answer == Answer::cannot_ask) {
    const Refusal refusal = answer == Answer::no ? Refusal::declined : Refusal::cannot_ask;
    send_reply(watch.connection, ReplyKind::refused, static_cast<std::int32_t>(refusal));
  }
  return answer == Answer::yes;
}

void refuse(int connection, Refusal refusal) {
  send_reply(connection, ReplyKind::refused, static_cast<std::int32_t>(refusal));
}

}  // namespace

void serve(const BrokerOptions& options, int connection) {
  // Leads the session of the command, whose group is then not an orphan: it can be stopped.
  setsid();
  prctl(PR_SET_NAME, "devenv-serve", 0, 0, 0);
  if (!is_served(options, connection)) {
    return refuse(connection, Refusal::stranger);
  }
  int streams[kStreams] = {-1, -1, -1};
  const auto request = receive_request(connection, streams);
  if (!request) {
    return refuse(connection, Refusal::malformed);
  }
  const Watch watch = {
      .connection = connection, .holder = options.holder_fd, .signals = hold_signals({SIGCHLD})};
  if (!may_run(options, *request, watch)) {
    return;
  }
  if (request->terminal && ioctl(streams[0], TIOCSCTTY, 0) != 0) {
    return refuse(connection, Refusal::malformed);
  }
  const char* const directory = enter_directory(*request);
  if (directory == nullptr) {
    return refuse(connection, Refusal::elsewhere);
  }
  char** const environment = command_environment(*request, directory, options.name);
  const Command command = start_command(options, *request, environment, streams);
  if (command.error != 0) {
    send_reply(connection, ReplyKind::failed, command.error);
    return;
  }
  send_reply(connection, ReplyKind::started, 0);
  supervise(command, watch);
}

}  // namespace devenv::guest

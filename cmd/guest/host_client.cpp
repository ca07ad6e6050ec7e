// SPDX-License-Identifier: MIT
#include "cmd/guest/host_client.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/guest/host_channel.hpp"
#include "cmd/guest/host_terminal.hpp"
#include "cmd/guest/output.hpp"
#include "cmd/guest/process.hpp"

namespace devenv::guest {
namespace {

constexpr Outcome kBrokenOff = {.kind = ReplyKind::refused, .value = 0, .broken_off = true};

/// Stops, as the command was, until somebody lets this process go on.
void stop_like_command(bool whole_group) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  if (!whole_group) {
    raise(SIGSTOP);
    return;
  }
  // What Ctrl-Z would have sent: a script that called us stops, too.
  sigset_t before;
  kill(0, SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &stop, &before);
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

class Conversation {
 public:
  Conversation(int socket, int signals, Relay& relay)
      : socket_(socket), signals_(signals), relay_(relay) {}

  Outcome hold() {
    while (!outcome_) {
      pollfd files[] = {{socket_, POLLIN, 0},
                        {signals_, POLLIN, 0},
                        {relay_.input_fd(), POLLIN, 0},
                        {relay_.master_fd(),
                         static_cast<short>(relay_.wants_write() ? POLLIN | POLLOUT : POLLIN), 0}};
      if (poll(files, 4, -1) < 0) {
        continue;
      }
      if (files[1].revents != 0) {
        take_signals();
      }
      if (files[2].revents != 0) {
        relay_.take_input();
      }
      if ((files[3].revents & POLLOUT) != 0) {
        relay_.pass_input();
      }
      if ((files[3].revents & POLLIN) != 0) {
        relay_.pass_output();
      }
      if (files[0].revents != 0) {
        take_reply();
      }
      if (relay_.input_ended()) {
        end_by(SIGHUP);  // the terminal is gone
      }
    }
    relay_.finish();
    return *outcome_;
  }

 private:
  [[noreturn]] void end_by(int number) {
    relay_.detach();
    die_by_signal(number);  // which closes the socket, and so ends the command
  }

  void send_signal(int number) {
    const auto byte = static_cast<unsigned char>(number);
    send_all(socket_, &byte, 1);
  }

  void take_signals() {
    while (const int number = next_signal(signals_)) {
      if (number == SIGWINCH && relay_.is_open()) {
        relay_.copy_size();
        continue;
      }
      if (number == SIGCONT && started_) {
        relay_.attach();  // only now we may be in the foreground
      }
      if (!started_ && calls_off(number)) {
        if (asked_to_end_ != 0) {
          end_by(number);  // for the second time: nobody there listens
        }
        asked_to_end_ = number;
      }
      send_signal(number);
    }
  }

  void take_reply() {
    Reply reply = {};
    if (!receive_all(socket_, &reply, sizeof reply)) {
      if (asked_to_end_ != 0) {
        end_by(asked_to_end_);
      }
      outcome_ = kBrokenOff;
      return;
    }
    switch (reply.kind) {
      case ReplyKind::started:
        started_ = true;
        asked_to_end_ = 0;
        relay_.attach();
        return;
      case ReplyKind::stopped:
        relay_.detach();
        stop_like_command(relay_.is_open());
        relay_.attach();
        send_signal(SIGCONT);
        return;
      default:
        outcome_ = Outcome{.kind = reply.kind, .value = reply.value};
    }
  }

  int socket_;
  int signals_;
  Relay& relay_;
  bool started_ = false;
  int asked_to_end_ = 0;  ///< the signal that came before the command was started
  std::optional<Outcome> outcome_;
};

}  // namespace

Outcome converse(int socket, RequestHead head, const char* text, Terminal terminal) {
  Relay relay;
  const bool relayed = terminal == Terminal::own && wants_relay() && relay.open();
  int streams[kStreams] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  if (relayed) {
    head.terminal = 1;
    for (int& stream : streams) {
      stream = isatty(stream) == 1 ? relay.slave() : stream;
    }
    ignore_signals({SIGTTOU});  // giving the terminal back must work from the background, too
  }
  if (!relayed && is_in_background()) {
    // On the host nothing would stop it from taking what is typed for the shell.
    streams[0] = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  const int signals = hold_signals(
      {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT});
  if (signals < 0 || !send_head(socket, head, streams) || !send_all(socket, text, head.size)) {
    // A refusal may be there already, from a broker that did not want to hear more.
    Reply reply = {};
    return receive_all(socket, &reply, sizeof reply) ? Outcome{reply.kind, reply.value}
                                                     : kBrokenOff;
  }
  return Conversation(socket, signals, relay).hold();
}

void die_by_signal(int number) {
  const rlimit no_core = {0, 0};  // the command has left its own
  setrlimit(RLIMIT_CORE, &no_core);
  release_signals();
  kill(getpid(), number);
  _exit(128 + number);
}

}  // namespace devenv::guest

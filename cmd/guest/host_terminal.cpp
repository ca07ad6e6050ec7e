// SPDX-License-Identifier: MIT
#include "cmd/guest/host_terminal.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace devenv::guest {
namespace {

/// After the last end of the terminal was closed, the rest is there at once; this is for a process
/// in the background that keeps it open.
constexpr int kDrainMilliseconds = 50;
constexpr int kMostDrained = 256;  ///< pieces

bool in_foreground() {
  return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(fd, bytes, size);
    if (written < 0 && errno == EAGAIN) {
      pollfd file = {fd, POLLOUT, 0};
      poll(&file, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      return;  // the terminal is gone, which also shows at its other end
    } else if (written > 0) {
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }
}

}  // namespace

bool wants_relay() {
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && in_foreground();
}

bool is_in_background() {
  const pid_t foreground = tcgetpgrp(STDIN_FILENO);  // -1: not our controlling terminal
  return foreground > 0 && foreground != getpgrp();
}

bool Relay::open() {
  if (tcgetattr(STDIN_FILENO, &before_) != 0) {
    return false;
  }
  const int master = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  int locked = 0;
  if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) != 0) {
    return false;
  }
  slave_ = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave_ < 0 || tcsetattr(slave_, TCSANOW, &before_) != 0) {
    close(master);
    return false;
  }
  master_ = master;
  copy_size();
  return true;
}

void Relay::copy_size() const {
  winsize size = {};
  if (is_open() && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    ioctl(master_, TIOCSWINSZ, &size);
  }
}

void Relay::attach() {
  if (!is_open() || attached_ || !in_foreground()) {
    return;
  }
  termios raw = before_;
  cfmakeraw(&raw);
  attached_ = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
  copy_size();  // it may have changed while somebody else had it
}

void Relay::detach() {
  if (attached_) {
    attached_ = false;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
}

void Relay::take_input() {
  const ssize_t count = read(STDIN_FILENO, buffer_, sizeof buffer_);
  if (count > 0) {
    pending_ = static_cast<std::size_t>(count);
    pass_input();
  } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
    input_ended_ = true;
  }
}

void Relay::pass_input() {
  const ssize_t count = write(master_, buffer_, pending_);
  if (count > 0) {
    pending_ -= static_cast<std::size_t>(count);
    memmove(buffer_, buffer_ + count, pending_);
  } else if (errno != EAGAIN && errno != EINTR) {
    pending_ = 0;
  }
}

bool Relay::pass_output() const {
  char bytes[4096];
  const ssize_t count = read(master_, bytes, sizeof bytes);
  if (count > 0) {
    write_all(STDOUT_FILENO, bytes, static_cast<std::size_t>(count));
    return true;
  }
  return count < 0 && errno == EINTR;
}

void Relay::finish() {
  if (!is_open()) {
    return;
  }
  close(slave_);
  pollfd file = {master_, POLLIN, 0};
  for (int piece = 0; piece < kMostDrained; ++piece) {
    if (poll(&file, 1, kDrainMilliseconds) <= 0 || !pass_output()) {
      break;
    }
  }
  detach();
}

}  // namespace devenv::guest

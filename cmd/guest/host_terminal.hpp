// SPDX-License-Identifier: MIT
// A terminal of its own for the command on the host: job control, Ctrl-C and the size then work as
// in any terminal, while we pass the bytes on.
#pragma once

#include <termios.h>

#include <cstddef>

namespace devenv::guest {

class Relay {
 public:
  /// Makes a terminal like that of standard input. False when there is none to be had; then, and
  /// before, nothing else may be called but the functions that end something.
  bool open();
  int slave() const { return slave_; }
  bool is_open() const { return master_ >= 0; }

  /// Takes over the caller's terminal, unless a shell has put us into the background.
  void attach();
  /// Gives it back as it was.
  void detach();
  void copy_size() const;

  // For poll(2): what is waited for, and what to do then.
  int input_fd() const { return attached_ && pending_ == 0 && !input_ended_ ? 0 : -1; }
  int master_fd() const { return master_; }
  bool wants_write() const { return pending_ > 0; }
  void take_input();
  void pass_input();
  /// False when there is nothing more.
  bool pass_output() const;
  bool input_ended() const { return input_ended_; }

  /// The command has ended: what it wrote last is passed on, and the terminal given back.
  void finish();

 private:
  int master_ = -1;
  int slave_ = -1;
  bool attached_ = false;
  bool input_ended_ = false;
  termios before_ = {};
  std::size_t pending_ = 0;  ///< bytes of buffer_ that the command's terminal has no room for
  char buffer_[1024];
};

/// Whether both ends of the conversation are the terminal, and we are in its foreground. With one
/// of them redirected the terminal may have another reader: `devenv host dmesg | less`.
bool wants_relay();

/// Whether standard input is our controlling terminal, and somebody else has its foreground.
bool is_in_background();

}  // namespace devenv::guest

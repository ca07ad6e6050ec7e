// SPDX-License-Identifier: MIT
// A question on the user's display. Nothing of it comes from the environment but the text: a
// display, or a program, of its own could answer for the user.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/guest/broker.hpp"
#include "cmd/guest/memory.hpp"
#include "cmd/guest/output.hpp"
#include "cmd/guest/process.hpp"

namespace devenv::guest {
namespace {

/// What still fits a dialog.
constexpr std::size_t kLongestText = 1500;
constexpr char kHex[] = "0123456789abcdef";

/// Printable ASCII as it is, and anything else by its number: no markup for the dialog, nothing
/// that turns the writing direction or looks like another letter.
void add_visible(List<char>& text, std::string_view word) {
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '<' && c != '&' && c != '\'' && c != '\\') {
      text.add(c);
      continue;
    }
    for (const char digit : {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]}) {
      text.add(digit);
    }
  }
}

char* question(const char* environment, const Request& request) {
  List<char> command;
  for (const std::string_view argument : request.arguments) {
    command.add(command.size() == 0 ? '\'' : ' ');
    if (command.size() > 1) {
      command.add('\'');
    }
    add_visible(command, argument);
    command.add('\'');
  }
  const std::size_t size = command.size();
  const bool fits = size <= kLongestText;
  return concatenate({"The environment ", environment, " asks to run this on your computer:\n\n",
                      std::string_view(command.data(), fits ? size : kLongestText),
                      fits ? "" : " ... (it is too long to be shown)"});
}

const char* find_program(std::string_view name) {
  std::string_view path = getenv("PATH") == nullptr ? "/usr/bin:/bin" : getenv("PATH");
  while (!path.empty()) {
    const std::string_view directory = take_field(path, ':');
    if (!directory.starts_with('/')) {
      continue;
    }
    const char* const file = concatenate({directory, "/", name});
    struct stat status = {};
    if (stat(file, &status) == 0 && S_ISREG(status.st_mode) && access(file, X_OK) == 0) {
      return file;
    }
  }
  return nullptr;
}

struct Dialog {
  const char* program = nullptr;
  const char* arguments[8] = {};
};

/// The first there is; each exits with 0 for yes.
Dialog find_dialog(const char* text) {
  if (const char* const zenity = find_program("zenity")) {
    return {zenity, {"zenity", "--question", "--no-markup", "--title=devenv", "--text", text}};
  }
  if (const char* const kdialog = find_program("kdialog")) {
    return {kdialog, {"kdialog", "--title", "devenv", "--warningyesno", text}};
  }
  if (const char* const xmessage = find_program("xmessage")) {
    return {xmessage, {"xmessage", "-buttons", "Allow:0,Deny:3", "-default", "Deny", text}};
  }
  return {};
}

pid_t start_dialog(const Dialog& dialog) {
  const pid_t child = fork();
  if (child == 0) {
    release_signals();
    execve(dialog.program, const_cast<char**>(dialog.arguments), environ);
    _exit(127);
  }
  return child;
}

/// Takes the signals that arrive before there is a command. False when the other side is gone or
/// has been told to end.
bool still_waits(int connection) {
  unsigned char number = 0;
  const ssize_t count = recv(connection, &number, 1, MSG_DONTWAIT);
  return count == 1 ? is_forwarded(number) && !calls_off(number) : count < 0 && errno == EAGAIN;
}

Answer wait_for_answer(pid_t dialog, bool is_xmessage, const Watch& watch) {
  int status = 0;
  while (waitpid(dialog, &status, WNOHANG) != dialog) {
    pollfd files[] = {
        {watch.holder, POLLIN, 0}, {watch.signals, POLLIN, 0}, {watch.connection, POLLIN, 0}};
    poll(files, 3, -1);
    while (next_signal(watch.signals) != 0) {
    }
    if (files[0].revents != 0 || (files[2].revents != 0 && !still_waits(watch.connection))) {
      kill(dialog, SIGTERM);
      return Answer::nobody_waits;
    }
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 127;
  if (code == 0) {
    return Answer::yes;
  }
  // xmessage has 1 for a display that does not answer, and 3 for Deny, as it is told here.
  return code == 127 || (code == 1 && is_xmessage) ? Answer::cannot_ask : Answer::no;
}

}  // namespace

Answer ask_user(const char* environment, const Request& request, const Watch& watch) {
  if (getenv("DISPLAY") == nullptr && getenv("WAYLAND_DISPLAY") == nullptr) {
    return Answer::cannot_ask;
  }
  const Dialog dialog = find_dialog(question(environment, request));
  const pid_t child = dialog.program == nullptr ? -1 : start_dialog(dialog);
  const bool is_xmessage = child >= 0 && basename(dialog.program) == "xmessage";
  return child < 0 ? Answer::cannot_ask : wait_for_answer(child, is_xmessage, watch);
}

}  // namespace devenv::guest

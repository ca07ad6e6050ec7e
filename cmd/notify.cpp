// SPDX-License-Identifier: MIT
#include "cmd/notify.hpp"

#include <string>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/process.hpp"

namespace devenv::cmd {
namespace {

/// Bodies are markup where the desktop supports it.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '&':
        result += "&amp;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// A string in GVariant's text format.
std::string variant(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') {
      result += '\\';
    }
    result += c;
  }
  return result + "'";
}

}  // namespace

void notify(const Error& error) {
  const std::string summary = text::sanitize(error.to_line());
  const std::string body = escaped(text::sanitize(error.hint()));
  std::vector<std::string> argv;
  if (sys::find_program("notify-send")) {
    argv = {"notify-send", "--app-name=devenv", "--icon=dialog-error", "--", summary, body};
  } else if (sys::find_program("gdbus")) {
    argv = {"gdbus",
            "call",
            "--session",
            "--dest=org.freedesktop.Notifications",
            "--object-path=/org/freedesktop/Notifications",
            "--method=org.freedesktop.Notifications.Notify",
            "--",
            "'devenv'",
            "uint32 0",
            "'dialog-error'",
            variant(summary),
            variant(body),
            "@as []",
            "@a{sv} {}",
            "-1"};
  } else {
    return;
  }
  auto sender = sys::spawn({.argv = argv, .stderr_fd = -1, .new_session = true});
  if (sender) {
    sender->detach();
  }
}

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "cmd/ui/error_text.hpp"

#include "env/base/text.hpp"

namespace devenv::cmd {

std::string render_error(const Error& error, const Style& style) {
  std::string text =
      style.paint(Color::red, "error:") + " " + text::sanitize(error.message()) + "\n";
  for (const Error* cause = error.cause(); cause != nullptr; cause = cause->cause()) {
    text += "  caused by: " + text::sanitize(cause->message()) + "\n";
  }
  std::string label = style.paint(Color::cyan, "hint:") + " ";
  for (const std::string_view line : text::lines(error.hint())) {
    text += label + text::sanitize(line) + "\n";
    label = "      ";
  }
  return text;
}

std::string render_warning(std::string_view message, std::string_view hint, const Style& style) {
  std::string line = style.paint(Color::yellow, "warning:") + " " + text::sanitize(message);
  if (!hint.empty()) {
    line += " (" + text::sanitize(hint) + ")";
  }
  return line + "\n";
}

}  // namespace devenv::cmd

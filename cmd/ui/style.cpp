// SPDX-License-Identifier: MIT
#include "cmd/ui/style.hpp"

#include "env/base/format.hpp"

namespace devenv::cmd {
namespace {

/// The parameter of "Select Graphic Rendition" (ECMA-48, 8.3.117).
int parameter_of(Color color) {
  switch (color) {
    case Color::bold:
      return 1;
    case Color::dim:
      return 2;
    case Color::red:
      return 31;
    case Color::green:
      return 32;
    case Color::yellow:
      return 33;
    case Color::cyan:
      return 36;
  }
  return 0;
}

}  // namespace

ColorWhen color_when(std::string_view text) {
  if (text == "always") {
    return ColorWhen::always;
  }
  return text == "never" ? ColorWhen::never : ColorWhen::automatic;
}

bool color_wanted(ColorWhen when,
                  bool terminal,
                  const std::function<std::string(const char*)>& variable) {
  if (when != ColorWhen::automatic) {
    return when == ColorWhen::always;
  }
  if (!variable("NO_COLOR").empty()) {
    return false;
  }
  for (const char* name : {"CLICOLOR_FORCE", "FORCE_COLOR"}) {
    const std::string value = variable(name);
    if (!value.empty() && value != "0") {
      return true;
    }
  }
  return terminal && variable("CLICOLOR") != "0" && variable("TERM") != "dumb";
}

std::string Style::paint(Color color, std::string_view text) const {
  if (!enabled_) {
    return std::string(text);
  }
  return format("\x1b[{}m{}\x1b[0m", parameter_of(color), text);
}

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// Whether and how text is coloured. Colour carries meaning, never the only copy of it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace devenv::cmd {

enum class ColorWhen { automatic, always, never };

/// What `--color` takes: "auto", "always", "never"; anything else is automatic.
ColorWhen color_when(std::string_view text);

/// Whether a stream is coloured: the flag, then NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR, CLICOLOR=0,
/// then whether it is a terminal that can (TERM is not "dumb"). Source: no-color.org.
bool color_wanted(ColorWhen when,
                  bool terminal,
                  const std::function<std::string(const char*)>& variable);

enum class Color { bold, dim, red, green, yellow, cyan };

/// Colours text, or leaves it alone.
class Style {
 public:
  explicit Style(bool enabled) : enabled_(enabled) {}
  std::string paint(Color color, std::string_view text) const;
  bool enabled() const { return enabled_; }

 private:
  bool enabled_;
};

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
// The icon of an environment whose image brings none. Pure.
#pragma once

#include <string>
#include <string_view>

namespace devenv::exporting {

/// An SVG: an open box with a terminal, in the colour of the distribution and with its initial.
/// `color` is ANSI_COLOR of os-release(5): "1;31", "0;38;2;60;110;180"; anything else gives the
/// usual colour. `letter` is shown when it is a letter or a digit of ASCII.
std::string draw_box(std::string_view color, char letter);

}  // namespace devenv::exporting

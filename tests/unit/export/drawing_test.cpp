// SPDX-License-Identifier: MIT
#include "env/export/drawing.hpp"

#include <doctest/doctest.h>

#include <string>

using devenv::exporting::draw_box;

namespace {

/// The colour of the inside, which is 45 % of the colour that is asked for.
std::string inside(const std::string& color) {
  const std::string svg = draw_box(color, 'a');
  const std::string before = "44 112 60 64 78Z\" fill=\"";
  const std::size_t at = svg.find(before);
  REQUIRE(at != std::string::npos);
  return svg.substr(at + before.size(), 7);
}

}  // namespace

TEST_CASE("drawing: an SVG with the initial in capitals, when it can be shown") {
  CHECK(draw_box("", 'd').starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "));
  CHECK(draw_box("", 'd').ends_with("</svg>\n"));
  CHECK(draw_box("", 'd').find(">D</text>") != std::string::npos);
  CHECK(draw_box("", '7').find(">7</text>") != std::string::npos);
  for (const char letter : {' ', '<', '&', '\xc3', '\0', '_'}) {
    CAPTURE(static_cast<int>(letter));
    CHECK(draw_box("", letter).find("<text") == std::string::npos);
  }
}

TEST_CASE("drawing: the distribution's colour, else the usual one") {
  const std::string usual = inside("");
  CHECK(inside("0;38;2;100;200;0") == "#2d5a00");
  CHECK(inside("38;2;255;255;255;1") == "#727272");
  CHECK(inside("31") == inside("1;31"));
  CHECK(inside("31") != inside("34"));
  for (const char* odd : {"1", "38;2;1;2", "38;2;256;0;0", "38;5;10", "30x", "29", "38", ";;",
                          "99999999999999999999", "\"><script>"}) {
    CAPTURE(odd);
    CHECK(inside(odd) == usual);
  }
}

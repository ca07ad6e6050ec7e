// SPDX-License-Identifier: MIT
// Columns for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/ui/style.hpp"

namespace devenv::cmd {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< as many cells as the header has
};

/// One line per row, columns aligned and two spaces apart, no trailing spaces. An empty cell is
/// "-". Cells are made safe for a terminal; the header is bold where `style` is enabled.
std::string render(const Table& table, const Style& style);

/// How many columns a terminal needs for `text`: code points, which is right for everything but
/// wide and combining characters.
std::size_t display_width(std::string_view text);

/// "key:    value" lines with the values aligned. Empty values are "-".
std::string render_fields(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace devenv::cmd

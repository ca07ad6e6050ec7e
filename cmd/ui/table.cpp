// SPDX-License-Identifier: MIT
#include "cmd/ui/table.hpp"

#include <algorithm>

#include "env/base/text.hpp"

namespace devenv::cmd {
namespace {

constexpr std::size_t kGap = 2;

std::string cell_text(const std::string& cell) {
  return cell.empty() ? "-" : text::sanitize(cell);
}

void pad_to(std::string& line, std::size_t shown, std::size_t width) {
  line.append(width > shown ? width - shown : 0, ' ');
}

std::string render_row(const std::vector<std::string>& cells,
                       const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    line += cells[column];
    if (column + 1 < cells.size()) {
      pad_to(line, display_width(cells[column]), widths[column] + kGap);
    }
  }
  return line;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;  // not a UTF-8 continuation byte
  }));
}

std::string render(const Table& table, const Style& style) {
  std::vector<std::vector<std::string>> rows = {table.header};
  for (const std::vector<std::string>& row : table.rows) {
    std::vector<std::string>& cells = rows.emplace_back();
    std::transform(row.begin(), row.end(), std::back_inserter(cells), cell_text);
  }
  std::vector<std::size_t> widths(table.header.size(), 0);
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], display_width(row[column]));
    }
  }
  std::string lines;
  for (std::size_t index = 0; index < rows.size(); ++index) {
    const std::string line = render_row(rows[index], widths);
    lines += (index == 0 ? style.paint(Color::bold, line) : line) + "\n";
  }
  return lines;
}

std::string render_fields(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::size_t width = 0;
  for (const auto& [key, value] : fields) {
    width = std::max(width, display_width(key));
  }
  std::string lines;
  for (const auto& [key, value] : fields) {
    std::string line = key + ":";
    pad_to(line, display_width(line), width + 1 + kGap);
    lines += line + cell_text(value) + "\n";
  }
  return lines;
}

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "env/image/registry/content_range.hpp"

#include <string>

#include "env/base/text.hpp"

namespace devenv::image::registry {

std::optional<ContentRange> parse_content_range(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  if (text::to_lower(header.substr(0, kUnit.size())) != kUnit) {
    return std::nullopt;
  }
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  const std::size_t slash = header.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) {
    return std::nullopt;
  }
  const auto first = text::parse_number(header.substr(0, dash));
  const auto last = text::parse_number(header.substr(dash + 1, slash - dash - 1));
  const std::string_view size = header.substr(slash + 1);
  const auto total = text::parse_number(size);
  if (!first || !last || *last < *first || (!total && size != "*") || (total && *last >= *total)) {
    return std::nullopt;
  }
  return ContentRange{*first, *last, total};
}

}  // namespace devenv::image::registry

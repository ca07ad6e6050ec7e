// SPDX-License-Identifier: MIT
#define FMT_HEADER_ONLY 1
#include <fmt/format.h>

#include "env/base/format.hpp"

namespace devenv {

std::string format_values(fmt::string_view pattern, fmt::format_args arguments) {
  return fmt::vformat(pattern, arguments);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) {
      joined += separator;
    }
    joined += part;
  }
  return joined;
}

}  // namespace devenv

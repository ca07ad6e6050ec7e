// SPDX-License-Identifier: MIT
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {

tl::expected<TomlValue, Diagnostic> parse_toml(std::string_view text, const std::string& file) {
  auto root = devenv::parse_toml(text);
  if (!root) {
    return tl::unexpected(Diagnostic{.file = file,
                                     .line = root.error().position.line,
                                     .column = root.error().position.column,
                                     .message = root.error().message,
                                     .hint = ""});
  }
  return *std::move(root);
}

}  // namespace devenv::profiles

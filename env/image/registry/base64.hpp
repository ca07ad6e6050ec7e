// SPDX-License-Identifier: MIT
// Base64 as files of passwords and the Authorization header have it (RFC 4648, 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devenv::image::registry {

std::string encode_base64(std::string_view bytes);
/// nullopt when it is malformed. The padding may be missing.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace devenv::image::registry

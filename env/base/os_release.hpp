// SPDX-License-Identifier: MIT
// The file by which a distribution says what it is.
#pragma once

#include <string>
#include <string_view>

namespace devenv {

/// A variable of os-release(5), without quotes and escapes; "" when it is missing. The text may be
/// an image's: nothing in it is made safe for a terminal.
std::string os_release_value(std::string_view text, std::string_view name);

}  // namespace devenv

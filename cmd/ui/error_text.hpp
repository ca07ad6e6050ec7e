// SPDX-License-Identifier: MIT
// An Error as people read it.
#pragma once

#include <string>
#include <string_view>

#include "cmd/ui/style.hpp"
#include "env/base/error.hpp"

namespace devenv::cmd {

/// "error: ...", one "  caused by: ..." per cause, "hint: ...". Ends with a new line. Further lines
/// of a hint are indented below its first one; everything else is on one line.
std::string render_error(const Error& error, const Style& style);

/// "warning: ... (hint)": one line, so that it can be told from what follows.
std::string render_warning(std::string_view message, std::string_view hint, const Style& style);

}  // namespace devenv::cmd

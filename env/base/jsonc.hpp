// SPDX-License-Identifier: MIT
// JSON with comments, as people write it: devcontainer.json and settings of editors.
#pragma once

#include <string>
#include <string_view>

namespace devenv::json {

/// The same document as plain JSON: comments ("//" to the end of the line, "/*" to "*/") and commas
/// before a closing bracket become spaces, so that places in error messages stay right. What is
/// wrong in it stays wrong, for parse() to say.
std::string without_comments(std::string_view text);

}  // namespace devenv::json

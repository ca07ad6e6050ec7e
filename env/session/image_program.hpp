// SPDX-License-Identifier: MIT
// Programs of the image that a start makes use of.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::session {

/// Does `work` in a child that is root inside, with a usual umask; called after the root was
/// changed, as the user with all capabilities. Never fails: what follows from an error of `work`
/// (`consequence`) goes into the log with it.
void as_root_inside(std::string_view consequence, const std::function<Result<void>()>& work);

/// Runs argv[0], a path, with no variables of ours and nothing to read or to print to, and ends it
/// after `limit` or with us. Errors: failed when it does not succeed or was ended.
Result<void> run_image_program(const std::vector<std::string>& argv, std::chrono::seconds limit);

}  // namespace devenv::session

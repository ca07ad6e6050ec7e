// SPDX-License-Identifier: MIT
// Commands that do the same to several things.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/context.hpp"
#include "cmd/exit_code.hpp"

namespace devenv::cmd {

/// Names given, or all there are: `everything` is asked only for `--all`.
/// Errors: usage when both or neither are given; `what` names the argument ("NAME").
Result<std::vector<std::string>> chosen_names(
    const std::vector<std::string>& names,
    bool all,
    const std::string& what,
    const std::function<Result<std::vector<std::string>>()>& everything);

/// Does it to each. A failure does not keep the others from being done: it is told at once, and the
/// first one decides the exit code. The only failure of a single name is returned as it is.
Result<ExitCode> for_each_name(Context& context,
                               const std::vector<std::string>& names,
                               const std::function<Result<void>(const std::string&)>& action);

/// Names of all environments, damaged ones included, sorted.
Result<std::vector<std::string>> environment_names(Context& context);

}  // namespace devenv::cmd

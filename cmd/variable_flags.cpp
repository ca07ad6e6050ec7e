// SPDX-License-Identifier: MIT
#include "cmd/variable_flags.hpp"

#include <algorithm>

#include "env/sys/process.hpp"

namespace devenv::cmd {

void add_variable_flags(CLI::App& app, VariableFlags& flags) {
  app.add_option("-e,--env", flags.variables,
                 "set a variable (NAME=VALUE), or let one of yours cross (NAME)")
      ->type_name(kind::kVariable)
      ->allow_extra_args(false);
  app.add_flag("--clean-env", flags.clean, "let no variable of yours cross but TERM and COLORTERM");
}

Result<std::vector<std::string>> variables_of(const VariableFlags& flags) {
  std::vector<std::string> variables;
  for (const std::string& given : flags.variables) {
    const std::size_t equals = given.find('=');
    if (given.empty() || equals == 0) {
      return fail(Error(ErrorCode::usage, format("'{}' is no variable", text::sanitize(given)))
                      .with_hint("--env NAME=VALUE, or --env NAME"));
    }
    if (equals != std::string::npos) {
      variables.push_back(given);
      continue;
    }
    const auto own = sys::current_environment();
    const auto found = std::find_if(own.begin(), own.end(), [&](const std::string& entry) {
      return entry.starts_with(given + "=");
    });
    if (found != own.end()) {
      variables.push_back(*found);
    }
  }
  return variables;
}

}  // namespace devenv::cmd

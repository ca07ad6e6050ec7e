// SPDX-License-Identifier: MIT
#include "cmd/share_flags.hpp"

#include <algorithm>

#include "env/sys/process.hpp"

namespace devenv::cmd {

void add_share_flags(CLI::App& app, ShareFlags& flags) {
  app.add_option("--share", flags.on, "share this of the host; several may be given")
      ->type_name(kind::kShare)
      ->allow_extra_args(false);
  app.add_option("--no-share", flags.off, "do not share this of the host")
      ->type_name(kind::kShare)
      ->allow_extra_args(false);
}

Result<host::ShareChoice> choice_of(const ShareFlags& flags) {
  TRY(host::check_share_names(flags.on));
  TRY(host::check_share_names(flags.off));
  for (const std::string& name : flags.on) {
    if (std::find(flags.off.begin(), flags.off.end(), name) != flags.off.end()) {
      return fail(ErrorCode::usage,
                  format("--share {} and --no-share {} exclude each other", name, name));
    }
  }
  return host::ShareChoice{.on = flags.on, .off = flags.off};
}

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

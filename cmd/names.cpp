// SPDX-License-Identifier: MIT
#include "cmd/names.hpp"

#include <algorithm>
#include <optional>

#include "env/base/format.hpp"
#include "env/instance/catalog.hpp"

namespace devenv::cmd {

Result<std::vector<std::string>> chosen_names(
    const std::vector<std::string>& names,
    bool all,
    const std::string& what,
    const std::function<Result<std::vector<std::string>>()>& everything) {
  if (all && !names.empty()) {
    return fail(ErrorCode::usage, format("--all and a {} exclude each other", what));
  }
  if (!all && names.empty()) {
    return fail(ErrorCode::usage, format("a {} or --all is needed", what));
  }
  if (all) {
    return everything();
  }
  std::vector<std::string> unique;
  for (const std::string& name : names) {
    if (std::find(unique.begin(), unique.end(), name) == unique.end()) {
      unique.push_back(name);
    }
  }
  return unique;
}

Result<ExitCode> for_each_name(Context& context,
                               const std::vector<std::string>& names,
                               const std::function<Result<void>(const std::string&)>& action) {
  std::optional<ExitCode> first_failure;
  for (const std::string& name : names) {
    const Result<void> outcome = action(name);
    if (outcome) {
      continue;
    }
    if (names.size() == 1 || outcome.error().code() == ErrorCode::interrupted) {
      return fail(outcome.error());
    }
    context.ui().error(outcome.error());
    first_failure = first_failure.value_or(exit_code_of(outcome.error().code()));
  }
  return first_failure.value_or(ExitCode::done);
}

Result<std::vector<std::string>> environment_names(Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const instance::Listing listing, instance::list_environments(*workspace));
  std::vector<std::string> names;
  for (const instance::Environment& environment : listing.environments) {
    names.push_back(environment.name.string());
  }
  for (const instance::Damaged& damaged : listing.damaged) {
    names.push_back(damaged.name.string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace devenv::cmd

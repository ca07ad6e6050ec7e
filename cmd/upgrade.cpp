// SPDX-License-Identifier: MIT
#include "cmd/upgrade.hpp"

#include "cmd/names.hpp"
#include "cmd/package_verb.hpp"
#include "env/instance/catalog.hpp"

namespace devenv::cmd {
namespace {

Result<void> upgrade(const std::string& name, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto environment, instance::get_environment(*workspace, name));
  context.ui().step(format("upgrading '{}'", name));
  TRY_CONTEXT(run_package_verb(environment, &profiles::PackageManager::upgrade, {}, context),
              format("cannot upgrade '{}'", name));
  context.ui().note(format("upgraded '{}'", name));
  return {};
}

}  // namespace

void add_upgrade(CLI::App& app, UpgradeOptions& options) {
  app.add_option("NAME", options.names, "the environments")->type_name(kind::kEnvironment);
  app.add_flag("-a,--all", options.all, "all of them");
  app.footer(
      "Every package inside is upgraded as the profile's package manager does it, without "
      "questions; files that you changed stay as they are. What was not running is stopped "
      "again.");
}

Result<ExitCode> run_upgrade(const UpgradeOptions& options, Context& context) {
  TRY_ASSIGN(const auto names, chosen_names(options.names, options.all, "NAME",
                                            [&] { return environment_names(context); }));
  return for_each_name(context, names,
                       [&](const std::string& name) { return upgrade(name, context); });
}

}  // namespace devenv::cmd

// SPDX-License-Identifier: MIT
#include "cmd/stop.hpp"

#include "cmd/export_source.hpp"
#include "cmd/names.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
void add_stop(CLI::App& app, StopOptions& options) {
  app.add_option("NAME", options.names, "the environments")->type_name(kind::kEnvironment);
  app.add_flag("-a,--all", options.all, "all of them");
  app.add_option("-t,--time", options.seconds,
                 "how long a process may take to end before it is killed; default 10")
      ->type_name(kind::kSeconds);
  app.footer(
      "Processes get SIGTERM, and SIGKILL when the time is over. Exported services are stopped "
      "first.");
}

Result<ExitCode> run_stop(const StopOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto names, chosen_names(options.names, options.all, "NAME",
                                            [&] { return environment_names(context); }));
  return for_each_name(context, names, [&](const std::string& name) -> Result<void> {
    // A damaged one may run all the same.
    TRY_ASSIGN(const auto environment, instance::get_directory(*workspace, name));
    if (const auto places = host_places(context)) {
      exporting::stop_services(environment, *places, std::chrono::seconds(options.seconds));
    }
    TRY_ASSIGN(const bool was_running,
               session::stop(environment, std::chrono::seconds(options.seconds)));
    if (was_running) {
      context.ui().note(format("stopped '{}'", name));
    } else if (!options.all) {
      context.ui().note(format("'{}' was not running", name));
    }
    return {};
  });
}

}  // namespace devenv::cmd

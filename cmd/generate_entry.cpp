// SPDX-License-Identifier: MIT
#include "cmd/generate_entry.hpp"

#include "cmd/export.hpp"
#include "cmd/export_source.hpp"
#include "cmd/names.hpp"

namespace devenv::cmd {

void add_generate_entry(CLI::App& app, GenerateEntryOptions& options) {
  app.add_option("NAME", options.names, "the environments")->type_name(kind::kEnvironment);
  app.add_flag("-a,--all", options.all, "all of them");
  app.add_flag("-d,--delete", options.remove, "take it back");
  app.footer("The same as: devenv export NAME --launcher");
}

Result<ExitCode> run_generate_entry(const GenerateEntryOptions& options, Context& context) {
  TRY_ASSIGN(const auto names, chosen_names(options.names, options.all, "NAME",
                                            [&] { return environment_names(context); }));
  return for_each_name(context, names, [&](const std::string& name) {
    return in_child([&]() -> Result<void> {
      TRY(run_export({.name = name, .launcher = true, .remove = options.remove}, context));
      return {};
    });
  });
}

}  // namespace devenv::cmd

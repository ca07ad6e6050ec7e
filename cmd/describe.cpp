// SPDX-License-Identifier: MIT
#include "cmd/describe.hpp"

#include "cmd/cli.hpp"
#include "cmd/command_line.hpp"

namespace devenv::cmd {
namespace {

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) {
    names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    names.push_back("--" + name);
  }
  return names;
}

bool is_global(const std::string& name, const std::vector<FlagDescription>& globals) {
  for (const FlagDescription& flag : globals) {
    for (const std::string& known : flag.names) {
      if (known == name) {
        return true;
      }
    }
  }
  return false;
}

void add_options(const CLI::App& app, CommandDescription& description) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      description.arguments.push_back({.name = option->get_name(true),
                                       .kind = option->get_type_name(),
                                       .text = option->get_description(),
                                       .required = option->get_required(),
                                       .repeated = option->get_items_expected_max() > 1});
      continue;
    }
    const bool takes_value = option->get_items_expected_max() > 0;
    description.flags.push_back({.names = names_of(*option),
                                 .value = takes_value ? option->get_type_name() : "",
                                 .text = option->get_description()});
  }
}

}  // namespace

std::string CommandDescription::synopsis() const {
  std::string line = "devenv " + path + " [FLAGS]";
  for (const ArgumentDescription& argument : arguments) {
    const std::string name = argument.name + (argument.repeated ? "..." : "");
    line += argument.required ? " " + name : " [" + name + "]";
  }
  return line;
}

CommandDescription describe(const Command& command) {
  CommandDescription description{.path = std::string(command.path),
                                 .summary = std::string(command.summary)};
  CLI::App app(description.summary, format("devenv {}", command.path));
  app.set_help_flag();
  Invocation invocation;
  command.add(app, invocation);
  add_options(app, description);
  description.details = app.get_footer();
  if (command.rest == Rest::after_separator) {
    description.arguments.push_back(
        {.name = "-- COMMAND", .kind = kind::kCommand, .text = "what to run", .repeated = true});
  } else if (command.rest == Rest::after_first_argument ||
             command.rest == Rest::after_optional_argument) {
    description.arguments.push_back({.name = "COMMAND",
                                     .kind = kind::kCommand,
                                     .text = "what to run, with its arguments",
                                     .required = command.rest == Rest::after_first_argument,
                                     .repeated = true});
  }
  for (FlagDescription& flag : global_flags()) {
    if (!is_global(flag.names.back(), description.flags)) {
      description.flags.push_back(std::move(flag));
    }
  }
  return description;
}

std::vector<FlagDescription> global_flags() {
  CLI::App app;
  GlobalFlags globals;
  add_global_flags(app, globals);
  CommandDescription description;
  add_options(app, description);
  for (FlagDescription& flag : description.flags) {
    flag.global = true;
  }
  return description.flags;
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (std::string& name : names_of(*option)) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace devenv::cmd

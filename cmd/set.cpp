// SPDX-License-Identifier: MIT
#include "cmd/set.hpp"

#include "cmd/edit.hpp"

namespace devenv::cmd {
namespace {

const std::vector<std::string>& keys() {
  static const std::vector<std::string> kKeys = {
      "cpus",     "env",      "host-commands", "install", "memory", "mount", "name",
      "no-mount", "no-share", "processes",     "remove",  "share",  "shell", "unset-env"};
  return kKeys;
}

/// The flag of `devenv edit` that a key stands for.
Result<void> put(const std::string& key, const std::string& value, EditOptions& edit) {
  const std::vector<std::pair<std::string_view, std::vector<std::string>*>> lists = {
      {"share", &edit.shares.on}, {"no-share", &edit.shares.off},
      {"mount", &edit.mounts},    {"no-mount", &edit.no_mounts},
      {"env", &edit.variables},   {"unset-env", &edit.no_variables},
      {"install", &edit.install}, {"remove", &edit.remove}};
  for (const auto& [name, list] : lists) {
    if (key == name) {
      list->push_back(value);
      return {};
    }
  }
  const std::vector<std::pair<std::string_view, std::optional<std::string>*>> values = {
      {"host-commands", &edit.host_commands},
      {"shell", &edit.shell},
      {"memory", &edit.memory},
      {"cpus", &edit.cpus},
      {"processes", &edit.processes},
      {"name", &edit.new_name}};
  for (const auto& [name, place] : values) {
    if (key == name) {
      *place = value;
      return {};
    }
  }
  const auto similar = text::closest(key, keys());
  return fail(Error(ErrorCode::usage, format("there is no setting '{}'", text::sanitize(key)))
                  .with_hint(similar ? format("did you mean '{}'?", *similar)
                                     : format("there are: {}", join(keys(), ", "))));
}

}  // namespace

void add_set(CLI::App& app, SetOptions& options) {
  app.add_option("NAME", options.name, "the environment")
      ->type_name(kind::kEnvironment)
      ->required();
  app.add_option("KEY=VALUE", options.settings, "what is to be changed")->required();
  app.footer(
      "Keys are the long flags of devenv edit without their dashes: cpus, env, host-commands, "
      "install,\n"
      "memory, mount, name, no-mount, no-share, processes, remove, share, shell, unset-env.\n"
      "\n"
      "Examples:\n"
      "  devenv set fedora memory=4G cpus=2\n"
      "  devenv set fedora mount=~/data:/data:ro env=EDITOR=vim");
}

Result<ExitCode> run_set(const SetOptions& options, Context& context) {
  EditOptions edit;
  edit.name = options.name;
  for (const std::string& setting : options.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      return fail(Error(ErrorCode::usage, format("'{}' is not KEY=VALUE", text::sanitize(setting)))
                      .with_hint("devenv set --help"));
    }
    TRY(put(setting.substr(0, equals), setting.substr(equals + 1), edit));
  }
  return run_edit(edit, context);
}

}  // namespace devenv::cmd

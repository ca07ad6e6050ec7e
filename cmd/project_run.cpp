// SPDX-License-Identifier: MIT
#include "cmd/project_run.hpp"

#include <algorithm>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/instance/catalog.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::cmd {
namespace {

class Sorter {
 public:
  Sorter(const std::vector<profiles::ProjectProgram>& programs, std::string_view what)
      : programs_(programs), what_(what) {}

  Result<void> add(const std::string& name) {
    if (done_.contains(name)) {
      return {};
    }
    if (!open_.insert(name).second) {
      return fail(ErrorCode::usage,
                  format("{} '{}' depends on itself", what_, text::sanitize(name)));
    }
    const auto found = std::find_if(programs_.begin(), programs_.end(),
                                    [&](const auto& program) { return program.name == name; });
    if (found == programs_.end()) {
      return fail(unknown(name));
    }
    for (const std::string& other : found->depends) {
      TRY(add(other));
    }
    done_.insert(name);
    sorted_.push_back(*found);
    return {};
  }

  std::vector<profiles::ProjectProgram> take() { return std::move(sorted_); }

 private:
  Error unknown(const std::string& name) const {
    std::vector<std::string> names;
    for (const profiles::ProjectProgram& program : programs_) {
      names.push_back(program.name);
    }
    const auto similar = text::closest(name, names);
    return Error(ErrorCode::not_found, format("there is no {} '{}'", what_, text::sanitize(name)))
        .with_hint(similar         ? format("did you mean '{}'?", *similar)
                   : names.empty() ? format("devenv.toml has none: add [{}s]", what_)
                                   : format("there are: {}", join(names, ", ")));
  }

  const std::vector<profiles::ProjectProgram>& programs_;
  std::string_view what_;
  std::set<std::string> open_;
  std::set<std::string> done_;
  std::vector<profiles::ProjectProgram> sorted_;
};

}  // namespace

Result<instance::Environment> project_environment(const std::string& directory,
                                                  const UpFlags& flags,
                                                  Outdated outdated,
                                                  Context& context) {
  const bool asks_for_more = flags.locked || flags.frozen || flags.adopt || flags.discard_changes;
  if (!asks_for_more) {
    TRY_ASSIGN(auto current, current_environment(directory, flags.project.variant, context));
    if (current) {
      return *std::move(current);
    }
  }
  // Not allowed is not the same as not now: what was is still there to work in.
  TRY_ASSIGN(const auto loaded, load_trusted(directory, flags.project, context));
  auto brought = bring_up(directory, flags, context);
  if (brought || outdated == Outdated::is_an_error || flags.locked || flags.frozen ||
      brought.error().code() == ErrorCode::interrupted) {
    return brought;
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto name,
             project_environment_name(*loaded.project, flags.project.variant, context));
  TRY_ASSIGN(auto environment, instance::find_environment(*workspace, name));
  if (!environment || environment->spec.project != directory) {
    return brought;
  }
  context.ui().warn(
      format("'{}' may not be what devenv.toml says: {}", name.string(), brought.error().to_line()),
      brought.error().hint());
  return *std::move(environment);
}

Result<void> start_with_hook(const instance::Environment& environment, Context& context) {
  const instance::CommandWords& hook = environment.spec.hooks.start;
  if (hook.empty()) {
    return {};
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto running_already, session::find_running(environment));
  if (running_already) {
    return {};
  }
  // Whoever comes second finds it running.
  TRY_ASSIGN(const sys::FileLock turn, sys::FileLock::acquire(environment.directory + "/hook.lock",
                                                              sys::LockMode::exclusive));
  TRY_ASSIGN(const auto running, session::find_running(environment));
  if (running) {
    return {};
  }
  TRY_ASSIGN(
      const sys::ExitStatus status,
      session::run_command(*workspace, environment,
                           {.command = hook, .directory = environment.spec.project}, context.ui()));
  if (!status.success()) {
    context.ui().warn(
        format("the start hook of '{}' {}", environment.name.string(), status.to_string()), "");
  }
  return {};
}

Result<std::vector<profiles::ProjectProgram>> in_order(
    const std::vector<profiles::ProjectProgram>& programs,
    const std::vector<std::string>& names,
    std::string_view what) {
  Sorter sorter(programs, what);
  if (names.empty()) {
    for (const profiles::ProjectProgram& program : programs) {
      TRY(sorter.add(program.name));
    }
  }
  for (const std::string& name : names) {
    TRY(sorter.add(name));
  }
  return sorter.take();
}

std::string start_directory(const profiles::Project& project,
                            const profiles::ProjectProgram& program) {
  const auto below = [](const std::string& directory, const std::string& path) {
    return path.empty()            ? directory
           : path.starts_with('/') ? path
                                   : format("{}/{}", directory, path);
  };
  return below(below(project.directory, project.workdir), program.workdir);
}

instance::CommandWords with_arguments(const profiles::ProjectProgram& program,
                                      const std::vector<std::string>& arguments) {
  instance::CommandWords command = program.run;
  if (arguments.empty()) {
    return command;
  }
  if (command.size() == 3 && command[0] == "sh" && command[1] == "-c") {
    command[2] += " \"$@\"";
    command.push_back(program.name);
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace devenv::cmd
